// A folder that is nowhere but in memory.

/**
 * @param {Iterable<readonly [string, Uint8Array]>} [files]
 * @returns {import("@mindoodb/formats/pampa").Folder & { files: Map<string, Uint8Array> }}
 */
export function memoryFolder(files = []) {
	const held = new Map(files);
	return {
		files: held,
		read: async (name) => held.get(name)?.slice(),
		write: async (name, bytes) => void held.set(name, bytes.slice()),
		delete: async (name) => void held.delete(name),
		list: async () => [...held.keys()],
	};
}
