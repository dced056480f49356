import type { Catalogue } from './index';

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
