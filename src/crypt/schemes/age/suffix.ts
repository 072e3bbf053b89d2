/** The annotation suffix of age packets; ocicrypt's tools take them for those of a key provider of that name. */
export const ageSuffix = "provider.age";
