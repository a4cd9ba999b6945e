// Runs in Node's loader thread, after tsx. Its compiler has each function, also each closure each time it is made, told its own
// name; that took a twelfth of the processor time of a simulation, and nothing reads those names.
const NAMES = 'var __name=(target,value)=>__defProp(target,"name",{value,configurable:true});';

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (loaded.source == null || !url.startsWith('file:') || url.includes('/node_modules/')) return loaded;
  return { ...loaded, source: String(loaded.source).replace(NAMES, 'var __name=(target)=>target;') };
}
