export * from "@mindoodb/core";
export { memoryStores } from "../memory-stores.js";
export { nodeClock } from "./clock.js";
export { nodeCrypto } from "./crypto.js";
export { type NodeEnvOptions, nodeEnv } from "./env.js";
export { folderStores } from "./folder-stores.js";
export {
	type CreateFolderTenantOptions,
	type DropLocalOptions,
	type JoinTenantOptions,
	MindooFolder,
} from "./mindoo-folder.js";
export { createFolder, type FolderOptions, openFolder, openReplicaFolder, type ReplicaFolder } from "./open-folder.js";
