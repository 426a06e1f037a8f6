export * from "@mindoodb/core";
export { memoryStores } from "../memory-stores.js";
export { nodeCrypto } from "./crypto.js";
export { type NodeEnvOptions, nodeEnv } from "./env.js";
export { folderStores } from "./folder-stores.js";
