export * from "@mindoodb/core";
export { memoryStores } from "../memory-stores.js";
export { type BackupFilesOptions, withBackupFiles } from "./backup/backup-files.js";
export { type BackupFolderOptions, backupFolder } from "./backup/backup-folder.js";
export { type RestoredFolder, restoreFolder } from "./backup/restore-folder.js";
export { nodeClock } from "./clock.js";
export { nodeCrypto } from "./crypto.js";
export { type NodeEnvOptions, nodeEnv } from "./env.js";
export type {
	CreateFolderTenantOptions,
	DropLocalOptions,
	FolderSharesOptions,
	JoinFolderTenantOptions,
} from "./folder-options.js";
export { folderStores } from "./folder-stores.js";
export { MindooFolder } from "./mindoo-folder.js";
export {
	createFolder,
	type FolderOptions,
	importFolder,
	openFolder,
	openReplicaFolder,
	type ReplicaFolder,
} from "./open-folder.js";
