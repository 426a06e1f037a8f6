export { cheapKdf } from "./cheap-kdf.js";
export { type Command, command } from "./convergence/commands.js";
export { FeedConsumer } from "./convergence/consumer.js";
export { type Delivered, type DeliveryOptions, deliver } from "./convergence/delivery.js";
export { type Forge, History } from "./convergence/history.js";
export { type Observation, observe, type ShownDocument, shown } from "./convergence/observation.js";
export { type CountingLevel, countingLevel, type LevelCounts } from "./counting-level.js";
export { type CountingStore, countingStore } from "./counting-store.js";
export { testCrypto } from "./crypto-suite/test-crypto.js";
export { damageRecord } from "./damage-record.js";
export { type EntryMaker, type EntryMakerOptions, type EntryWish, entryMaker } from "./entry-maker.js";
export { type FaultyLevel, faultyLevel, type WriteFault } from "./faulty-level.js";
export { type GateLevel, gateLevel, type HeldOperation, type Hold } from "./gate-level.js";
export { changingEntries, changingPages, type Lies, lyingStore, withStoreId } from "./lying-store.js";
export { startTestObjects, type TestObjects } from "./objects/test-objects.js";
export { patience } from "./patience.js";
export { startTestPostgres, type TestPostgres, type TestPostgresOptions } from "./postgres/test-postgres.js";
export { CommandProcesses, type RunResult, type ServerProcess } from "./processes/command-processes.js";
export { restoredLevel } from "./restored-level.js";
export { setField } from "./set-field.js";
export { type NamedSignalling, signallingBetween } from "./signalling-between.js";
export type { ContractUnderTest } from "./store-suite/contract.js";
export { testContentAddressedStore, testStore } from "./store-suite/test-store.js";
export type { MakeStoreUnderTest, StoreUnderTest } from "./store-suite/under-test.js";
export { HostileScene, type HostileSceneOptions } from "./sync/hostile-scene.js";
export {
	HostileServer,
	type HostileServerOptions,
	type LearnOptions,
	type Lie,
	type ServerCopy,
} from "./sync/hostile-server.js";
export { type JoinedCounts, JoinedSessions, type JoinOptions } from "./sync/joined-sessions.js";
export { RawPeer } from "./sync/raw-peer.js";
export { RelayClient, type RelayClientOptions, type RelaySession } from "./sync/relay-client.js";
export { ServedTenant, type ServedTenantOptions } from "./sync/served-tenant.js";
export { type MeetOptions, type Met, SessionStage, type StagedReplica } from "./sync/session-stage.js";
export { HostedStore, StoreHost, type StoreHostOptions } from "./sync/store-host.js";
export { type AliceAndBob, aliceAndBob } from "./tenant-fixture/alice-and-bob.js";
export { seededCrypto } from "./tenant-fixture/seeded-crypto.js";
export { seededRandom } from "./tenant-fixture/seeded-random.js";
export { TenantFixture, type TenantFixtureOptions, TestReplica } from "./tenant-fixture/tenant-fixture.js";
export { type TestClock, testClock } from "./tenant-fixture/test-clock.js";
export { Accepted } from "./transport-suite/accepted.js";
export { testTransport } from "./transport-suite/test-transport.js";
export type { TransportSuite, TransportUnderTest } from "./transport-suite/under-test.js";
