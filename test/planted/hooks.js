// Runs in Node's loader thread: gives source files another text, whoever imports them.
let planted = new Map();

/** @param {Map<string, string>} texts by the URL of their file */
export function initialize(texts) {
  planted = texts;
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  const source = planted.get(url.split('?')[0]);
  return source === undefined ? loaded : { ...loaded, source };
}
