# make alone: everything that a change has to pass.

.PHONY: all demo build compiled install check test fuzz kill mutants bench docs pages picture format clean

all: check build test

# What the other targets stand on: the packages of the lock file.
node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	touch $@

# The package, with declarations, into dist/.
build: node_modules/.package-lock.json
	npm run --silent build

# The tool, its pages and the packages that it needs, under PREFIX and before that DESTDIR; nothing there is shared.
PREFIX = /usr/local
place = $(DESTDIR)$(PREFIX)
install: build
	mkdir -p $(place)/bin $(place)/lib/oci-enc $(place)/share/man/man1 $(place)/share/man/man7
	cp -R package.json package-lock.json LICENSE bin dist $(place)/lib/oci-enc
	mkdir -p $(place)/lib/oci-enc/docs
	cp -R docs/schemas $(place)/lib/oci-enc/docs
	cp man/*.1 $(place)/share/man/man1
	cp man/*.7 $(place)/share/man/man7
	cd $(place)/lib/oci-enc && npm ci --omit=dev --no-audit --no-fund
	ln -sf ../lib/oci-enc/bin/oci-enc.js $(place)/bin/oci-enc
	ln -sf ../lib/oci-enc/bin/ctd-decoder.js $(place)/bin/ctd-decoder
	ln -sf ../lib/oci-enc/bin/oci-enc-image-verifier.js $(place)/bin/oci-enc-image-verifier

# What tests and examples run from, in build/ and dist/: what has changed since the last time, without a look at types.
compiled: node_modules/.package-lock.json
	node scripts/compile.js build dist

# Encrypt, inspect and decrypt a small image, in a scratch directory.
demo: build
	examples/demo/run.sh

# Lint, types, dead code, what is packed, licences, links between comments.
check: node_modules/.package-lock.json build
	node scripts/lint-table.js --check
	npx biome check --error-on-warnings
	npx tsc -p tsconfig.json --noEmit
	npx knip
	npx publint --strict
	npx attw --pack --profile esm-only
	node scripts/check-licences.js
	npx typedoc --emit none

# Every test; TESTS=cli runs those with cli in their path. What is skipped is listed with its reason.
test: compiled
	node build/test/run.js $(TESTS)

# A hundred thousand inputs for each parser of keys and packets, a thousand chains of certificates beside OpenSSL; FUZZ_RUNS,
# CHAIN_RUNS and FUZZ_SEED as in fuzz.test.ts and openssl-chains.test.ts.
fuzz: compiled
	FUZZ_RUNS=$${FUZZ_RUNS:-100000} CHAIN_RUNS=$${CHAIN_RUNS:-1000} node --test build/test/unit/keys/fuzz.test.js build/test/unit/sign/notary/openssl-chains.test.js

# Kills commands at random moments and looks at what the next one finds; KILL_ROUNDS, KILL_SEED, KILL_ONLY, KILL_NOT.
kill: compiled
	node build/test/kill/kill.js

# Breaks the source in small ways and looks whether the folder's tests notice; MUTANTS_COUNT, MUTANTS_SEED, MUTANTS_ONLY.
mutants: compiled
	node build/test/mutants/mutants.js

# Beside skopeo, on images of some size.
bench: compiled
	node build/test/bench/bench.js

# API pages into build/api, as typedoc.json says; a link in a comment that leads nowhere fails.
docs: node_modules/.package-lock.json
	npx typedoc

# The man pages, docs/cli.md and docs/errors.md, from what the commands and codes declare; tests fail when they are out of date.
pages: build
	node scripts/man-pages.js
	node scripts/cli-page.js
	node scripts/error-pages.js

# The picture of README.md, from a real run.
picture: build
	node scripts/picture.js

# The lint's table of imports into biome.imports.json, and everything as Biome formats it.
format: node_modules/.package-lock.json
	node scripts/lint-table.js
	npx biome check --write

clean:
	rm -rf build dist coverage
