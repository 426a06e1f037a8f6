export * from "@mindoodb/core";
export { nodeCrypto } from "./crypto.js";
export { nodeEnv } from "./env.js";
export { folderStores } from "./folder-stores.js";
export { memoryStores } from "../memory-stores.js";
