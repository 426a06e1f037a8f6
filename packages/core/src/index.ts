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
export type * from "./store/contents.js";
export type { Level, LevelBatch } from "./store/level.js";
export { openLevelStore } from "./store/level-store.js";
export { LruMap } from "./store/lru-map.js";
export type { PackRange, Packs } from "./store/packs.js";
export type * from "./store/rows.js";
export type * from "./store/store.js";
export type { PullResult } from "./sync/levelling/pull.js";
export type { PushResult, TransferOptions } from "./sync/levelling/push.js";
export type { AdministratorOptions, Revoked, RevokeOptions, TenantUser } from "./tenant/directory-context.js";
export type { KeyMaintenance } from "./tenant/directory-keys.js";
export type { Settings } from "./tenant/directory-settings.js";
export type { InviteOptions, MadeInvitation } from "./tenant/joining/admission.js";
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
