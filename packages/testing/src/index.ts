export { cheapKdf } from "./cheap-kdf.js";
export { type CountingLevel, countingLevel, type LevelCounts } from "./counting-level.js";
export { type CryptoUnderTest, testCrypto } from "./crypto-suite/test-crypto.js";
export { damageRecord } from "./damage-record.js";
export { type EntryMaker, type EntryMakerOptions, type EntryWish, entryMaker } from "./entry-maker.js";
export { type FaultyLevel, faultyLevel, type WriteFault } from "./faulty-level.js";
export { testStore } from "./store-suite/test-store.js";
export type { MakeStoreUnderTest, StoreUnderTest } from "./store-suite/under-test.js";
