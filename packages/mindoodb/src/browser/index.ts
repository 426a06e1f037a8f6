export * from "@mindoodb/core";
export { memoryStores } from "../memory-stores.js";
export { browserStores } from "./browser-stores.js";
export { webCrypto } from "./crypto.js";
export { type BrowserEnvOptions, browserEnv } from "./env.js";
