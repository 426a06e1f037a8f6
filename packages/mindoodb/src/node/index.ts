export * from "@mindoodb/core";
export { memoryStores } from "../memory-stores.js";
export { listenInMemory, type MemoryListener, memoryPair } from "../shared/transports/memory-transport.js";
export {
	type MessagePortTransportOptions,
	messagePortDuplex,
	messagePortTransport,
	type PlatformMessagePort,
} from "../shared/transports/message-port-transport.js";
export type { TransportOptions } from "../shared/transports/transport-options.js";
export type { IceServer, PeerConnection, PeerConnections } from "../shared/transports/web-rtc/peer-connection.js";
export type { Signalling } from "../shared/transports/web-rtc/signalling.js";
export { listenWebRtc, type WebRtcListenerOptions } from "../shared/transports/web-rtc/web-rtc-listener.js";
export {
	type WebRtcOptions,
	type WebRtcTransportOptions,
	webRtcTransport,
} from "../shared/transports/web-rtc/web-rtc-transport.js";
export { type BackupFilesOptions, withBackupFiles } from "./backup/backup-files.js";
export { type BackupFolderOptions, backupFolder } from "./backup/backup-folder.js";
export { type RestoredFolder, restoreFolder } from "./backup/restore-folder.js";
export { nodeClock } from "./clock.js";
export { nodeCrypto } from "./crypto.js";
export { type NodeEnvOptions, nodeEnv } from "./env.js";
/** Files beside the stores, for programs that keep folders of their own. */
export {
	listFolder,
	makeFolder,
	readFileAtMost,
	readJson,
	writeFileDurably,
	writeJsonDurably,
} from "./folder-files.js";
export { lockFolder } from "./folder-lock.js";
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
export type { Certificate } from "./transports/certificates.js";
export type { Admit, NodeListener } from "./transports/node-listener.js";
export { nodePeerConnections } from "./transports/peer-connections.js";
export { listenTcp, type TcpListenerOptions } from "./transports/tcp-listener.js";
export { type TcpTransportOptions, type TlsTrust, tcpTransport } from "./transports/tcp-transport.js";
export { type TransportOfOptions, transportOf } from "./transports/transport-of.js";
export {
	listenWebSocket,
	type UpgradeOptions,
	upgradeWebSockets,
	type WebSocketListenerOptions,
} from "./transports/web-socket-listener.js";
export { type WebSocketTransportOptions, webSocketTransport } from "./transports/web-socket-transport.js";
