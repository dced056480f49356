/** One language's texts: `area.key` to a text, or to its plural forms by CLDR category. */
export type Catalogue = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;

type Area = Record<string, unknown>;

/** Joins `./<lang>/<area>.json` files into one catalogue whose keys are `area.key`. */
export function joinAreas(files: Record<string, Area>): Catalogue {
  const catalogue: Catalogue = {};
  for (const path of Object.keys(files)) {
    const area = path.slice(path.lastIndexOf('/') + 1, -'.json'.length);
    for (const [key, text] of Object.entries(files[path] ?? {})) {
      catalogue[`${area}.${key}`] = text as Catalogue[string];
    }
  }
  return catalogue;
}
