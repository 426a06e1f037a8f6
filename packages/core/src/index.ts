/** What users of the database work with, what adapters implement, and what the packages above build on. */
/** Values and edits that plain JavaScript has no notation for: see Automerge's documentation. */
export {
	Counter,
	deleteAt,
	Float64,
	ImmutableString,
	Int,
	insertAt,
	mark,
	splice,
	Uint,
	unmark,
	updateText,
} from "@automerge/automerge/slim";
export { type CheckedTrail, checkTrail as checkAuditTrail, type TrailFault } from "./audit/check-trail.js";
export type { TrailHeading } from "./audit/trail-format.js";
export type { DocumentData, DocumentValue } from "./automerge/plain-data.js";
export type { BackupMark } from "./backup/manifest.js";
export { type OpenBackupOptions, type OpenedBackup, openBackup } from "./backup/opened-backup.js";
export { type RestoredBackup, restoreBackup } from "./backup/restore-backup.js";
export {
	type BackupFault,
	type VerifiedBackup,
	type VerifyBackupOptions,
	verifyBackup,
} from "./backup/verify-backup.js";
export type { PreviousBackup, WriteBackupOptions, WrittenBackup } from "./backup/write-backup.js";
/** Bytes and points, for adapters. */
export { fromBase64, fromBase64Url, toBase64, toBase64Url } from "./bytes/base64.js";
export { equalBytes, equalSecrets } from "./bytes/compare.js";
export { concatBytes } from "./bytes/concat.js";
export { fromHex, toHex } from "./bytes/hex.js";
export type {
	AgreementKey,
	Argon2idCosts,
	Crypto,
	KeyPairBytes,
	Random,
	Signed,
	SigningKey,
	UnwrappingKey,
} from "./crypto/crypto.js";
export { hasReducedScalar, isUsableEd25519Point, isUsableEd25519Signature } from "./crypto/ed25519-point.js";
export { hkdfExpand, hkdfExtract } from "./crypto/hkdf.js";
export type { AttachmentEdits, AttachmentOptions } from "./database/attachments/attachment-edits.js";
export type { AttachmentInfo } from "./database/attachments/attachment-reference.js";
export type { ByteSource } from "./database/attachments/byte-chunks.js";
export type { DocumentExplanation, EntryExplanation, RefusedDocument } from "./database/explain.js";
export type { FieldChange, FieldPath } from "./database/history/field-changes.js";
export type { HistoryItem, HistoryOptions } from "./database/history/history-items.js";
export type { ConflictingValue, FieldConflict, FieldOrigin, ValueOrigin } from "./database/history/origins.js";
export type { ClockFault } from "./database/history/timeline.js";
export type { AttachmentMode } from "./database/holding/attachment-mode.js";
export type { FetchOptions, FetchResult } from "./database/holding/fetch-lacking.js";
export { describeVerdict, type Verdict } from "./database/judging/verdict.js";
export { MindooDB } from "./database/mindoo-db.js";
export type { AuthorFork, FeedItem, InitialValues, IterateOptions } from "./database/mindoo-db-items.js";
export { MindooDoc } from "./database/mindoo-doc.js";
export type { PresenceListener, PresenceState, Present } from "./database/presence/presence-room.js";
export { PresenceRoom } from "./database/presence/presence-room.js";
export type { ChangeListener, DocumentChange } from "./database/projection/change-feed.js";
export type { OwnRefusal, RefusalListener } from "./database/projection/projecting.js";
export { defaultSnapshotPolicy, type SnapshotPolicy } from "./database/snapshots/policy.js";
export type { ChangeFunction } from "./database/writing/document-writer.js";
export { type Entry, type Link, linkOf, parseEntry, type StoredEntry, type Stub, stubOf } from "./entry/entry.js";
export { type EntryType, encodeHeader, entryTypes, type HeaderFields, type HeaderInput } from "./entry/header.js";
export { makeDocumentId } from "./entry/ids.js";
export { limits } from "./entry/limits.js";
export { metadataOf, type StoreEntryMetadata } from "./entry/metadata.js";
export { makeEntry, signEntries } from "./entry/sign.js";
export type { Clock, Env, Log, LogLevel } from "./env.js";
export * from "./errors.js";
export { KeyBag } from "./keys/key-bag.js";
export {
	createEncryptionKeyPair,
	createSigningKeyPair,
	createSymmetricEncryptedPrivateKey,
	type EncryptedKeyPair,
	parseEncryptedKeyPair,
	unlockSigningKeyPair,
} from "./keys/key-pair.js";
export {
	createPasswordKey,
	type EncryptedPrivateKey,
	PasswordKey,
	type PasswordKeyOptions,
	parseEncryptedPrivateKey,
	unlockPasswordKey,
} from "./keys/password-key.js";
export {
	type ChangeKeyPasswordOptions,
	changeSigningKeyPassword,
} from "./keys/signing-key-password.js";
export {
	changePassword,
	createUserId,
	type PrivateUserId,
	type PublicUserId,
	parsePrivateUserId,
	parsePublicUserId,
	toPublicUserId,
	type UnlockedUser,
	type UserPublicKeys,
	unlockUserId,
} from "./keys/user-id.js";
export type * from "./store/blobs.js";
export type * from "./store/contents.js";
export type { Level, LevelBatch } from "./store/level.js";
export { openLevelStore } from "./store/level-store.js";
export { LruMap } from "./store/lru-map.js";
export { objectRowBytes } from "./store/objects.js";
export type { PackRange, Packs } from "./store/packs.js";
export type * from "./store/recent-entries.js";
export type * from "./store/reconciliation.js";
export { arrivalOfRecordKey, contentKeys, metaKeys, recordKeys } from "./store/row-keys.js";
export type * from "./store/rows.js";
export type * from "./store/staging.js";
export type * from "./store/store.js";
export type { Table } from "./store/table.js";
export { openTableStore, type TableStoreOptions } from "./store/table-store.js";
export type { AuthenticatedDuplex } from "./sync/channel/authenticated-duplex.js";
export { Channel, type ChannelCounts, type Received } from "./sync/channel/channel.js";
export type { ChannelPeer } from "./sync/channel/handshake.js";
export { type OpenChannelOptions, openChannel } from "./sync/channel/open-channel.js";
export { type ChannelIdentity, createChannelIdentity } from "./sync/channel/proof.js";
export { type Ticket, TicketBook, type TicketBookOptions, type TicketHolders } from "./sync/channel/ticket-book.js";
export { BackOff, type BackOffOptions } from "./sync/connecting/back-off.js";
export type { LinkCounts } from "./sync/connecting/link.js";
export { SessionSignals, type SignalListener } from "./sync/connecting/session-signals.js";
export {
	type LackingCounts,
	SyncHandle,
	type SyncState,
	type SyncStatus,
} from "./sync/connecting/sync-handle.js";
export type { HistoryMode, SyncOptions, SyncTarget } from "./sync/connecting/sync-options.js";
export { askToKeep, dismiss, type Ending, type Greeter, greet } from "./sync/greeting/greeting.js";
export { isKnown, type RememberedStore, type Standing, type SyncedStore, type SyncHost } from "./sync/host.js";
export { PeerMemory, type PeerMemoryOptions, rememberedOf } from "./sync/levelling/peer-memory.js";
export { Pull, type PullParts, type PullResult } from "./sync/levelling/pull.js";
export type { PullOptions } from "./sync/levelling/pull-options.js";
export type { PushResult, TransferOptions } from "./sync/levelling/push.js";
export { RecentDocuments } from "./sync/levelling/recent-documents.js";
export { type Expected, IncomingPayloads } from "./sync/payloads/incoming.js";
export type { Sender, TransferEnd } from "./sync/payloads/incoming-payload.js";
export { OutgoingPayloads } from "./sync/payloads/outgoing.js";
export type { PartialContents } from "./sync/payloads/partial-contents.js";
export { RowPartials } from "./sync/payloads/row-partials.js";
export { defaultLimits as defaultSessionLimits, type SessionLimits } from "./sync/session/limits.js";
export { RemoteStore } from "./sync/session/remote-store.js";
export { runSession } from "./sync/session/run-session.js";
export type { EndReason, SessionEnd } from "./sync/session/session-end.js";
export {
	type SessionCounts,
	type SessionTicket,
	SyncSession,
	type SyncSessionOptions,
} from "./sync/session/sync-session.js";
export { packRun, unpackRun } from "./sync/wire/entry-run.js";
export { decodeMessage, encodeMessage, type MessageInit, type MessageKind } from "./sync/wire/messages.js";
export type { Announcement } from "./sync/wire/terms.js";
export type { AdministratorOptions, Revoked, RevokeOptions, TenantUser } from "./tenant/directory-context.js";
export type { KeyMaintenance } from "./tenant/directory-keys.js";
export type { Settings } from "./tenant/directory-settings.js";
export type { InviteOptions, MadeInvitation } from "./tenant/joining/admission.js";
export type { KnownServer } from "./tenant/joining/awaited-directory.js";
export {
	type ExportedTenant,
	type ExportIdentityOptions,
	exportIdentity,
	type ImportedIdentity,
	importIdentity,
} from "./tenant/joining/identity-export.js";
export type { JoinRequest } from "./tenant/joining/join-request.js";
export type { InvitationServer } from "./tenant/joining/join-response.js";
export type { Invitation, TenantConfirmation } from "./tenant/joining/join-tenant.js";
export {
	type JudgedTrail,
	type JudgeTrailOptions,
	judgeTrail as judgeAuditTrail,
	type UncountedEntry,
} from "./tenant/judge-trail.js";
export { MindooTenant } from "./tenant/mindoo-tenant.js";
export { MindooTenantDirectory } from "./tenant/mindoo-tenant-directory.js";
export type { ReachablePeer } from "./tenant/reachable-peers.js";
export {
	type MakeRecoverySharesOptions,
	makeRecoveryShares,
	openRecoveryShares,
	type RecoveredTenant,
} from "./tenant/recovery/recovery-copy.js";
export type { ServerDescription } from "./tenant/serving/ask-server.js";
export type { JoinServerOptions } from "./tenant/serving/join-server.js";
export { type KeepTenantOptions, KeptTenant, unwrapDirectoryKeys } from "./tenant/serving/kept-tenant.js";
export type { SessionGate } from "./tenant/serving/served-store.js";
export { decodeTenantRequest, type ServerKey, type TenantRequest } from "./tenant/serving/tenant-request.js";
export {
	type AppliedDatabase,
	type ApplyBackupOptions,
	applyBackups,
	backupTenant,
} from "./tenant/tenant-backup.js";
export {
	type AnsweredRequest,
	type CreatedTenant,
	type CreateTenantOptions,
	type JoinTenantRequest,
	type OpenTenantRequest,
	TenantFactory,
} from "./tenant/tenant-factory.js";
export { parseTenantIdentity, type TenantIdentity } from "./tenant/tenant-identity.js";
export type { OpenDatabaseOptions } from "./tenant/tenant-options.js";
export type { Accept, Duplex, Listener, Transport } from "./transport.js";
export { directoryId } from "./trust/directory-record.js";
