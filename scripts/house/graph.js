// Graphs as maps from a node to the set of those that it leads to.

/** The strongly connected components, by Tarjan's algorithm: those that others lead to come first. */
export function componentsOf(graph) {
  const [index, low, stack, components] = [new Map(), new Map(), [], []];
  const enter = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) enter(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) === index.get(node)) components.push(stack.splice(stack.indexOf(node)));
  };
  for (const node of graph.keys()) if (!index.has(node)) enter(node);
  return components;
}

/** The longest chain that starts at one of `starts`, as a list of nodes; of those in a circle it passes one. */
export function longestChain(graph, starts) {
  const chains = new Map();
  for (const component of componentsOf(graph)) {
    // What lies outside the circle has its chain by now.
    const ways = component.flatMap((node) =>
      [...(graph.get(node) ?? [])].map((next) => [node, ...(chains.get(next) ?? [])]),
    );
    const chain = longest([[component[0]], ...ways]);
    for (const node of component) chains.set(node, chain);
  }
  return longest(starts.map((start) => chains.get(start) ?? []));
}

/** The first of those that are longest. */
function longest(lists) {
  return lists.reduce((best, list) => (list.length > best.length ? list : best), []);
}
