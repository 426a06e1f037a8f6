import { type Level, LevelTable } from "./level.js";
import type { LocalStore } from "./store.js";
import { openTableStore, type TableStoreOptions } from "./table-store.js";

/** Opens a store over a level that is open and made with `keyEncoding` and `valueEncoding` "view", as `openTableStore` does over a table. */
export function openLevelStore(level: Level, options: TableStoreOptions): Promise<LocalStore> {
	return openTableStore(new LevelTable(level), options);
}
