import {
	type Crypto,
	decodeTenantRequest,
	type Env,
	type PublicUserId,
	type ServerKey,
	type SigningKey,
	type SyncHost,
	TenantFactory,
	type TenantIdentity,
	toHex,
	type UnlockedUser,
	type UnwrappingKey,
} from "@mindoodb/core";
import { TenantFixture, type TestReplica } from "../tenant-fixture/tenant-fixture.js";
import { Disk } from "./disk.js";
import { diskStores } from "./disk-stores.js";
import { Machine, worldStart } from "./machine.js";
import { quickCrypto } from "./quick-crypto.js";
import { Rolls } from "./rolls.js";
import { World } from "./world.js";

/** Somebody who works in the tenant, or would like to. */
export interface TemplateMember {
	readonly name: string;
	readonly user: UnlockedUser;
	readonly publicUser: PublicUserId;
	/** What the device holds of keys; see `KeyBag.toBytes`. */
	readonly keys: Uint8Array;
	readonly disk: Disk;
}

/** A server that the directory names. */
export interface TemplateServer {
	readonly name: string;
	readonly signingKey: SigningKey;
	readonly unwrappingKey: UnwrappingKey;
	readonly keys: readonly ServerKey[];
	/** What its sessions get in place of the honest host; see broken.ts. @default the honest one */
	readonly hostOf?: (honest: SyncHost) => SyncHost;
}

/** A tenant as every simulated world finds it when it begins: made once, because making keys takes longer than a whole world does. */
export interface Template {
	/** With cryptography that is repeatable; `busy` of the world that is set is counted. */
	readonly env: Env;
	readonly setWorld: (world: World) => void;
	readonly identity: TenantIdentity;
	/** Alice first: she made the tenant and administers it. */
	readonly members: readonly TemplateMember[];
	/** Not a member, though it has the keys. */
	readonly stranger: TemplateMember;
	readonly servers: readonly TemplateServer[];
}

const names = ["alice", "bob", "carol", "mallory"];
const serverNames = ["server 1", "server 2"];
/** More than it takes, in virtual milliseconds. */
const long = 3_600_000;

/** @param env the platform's own, such as `await nodeEnv()`. */
export async function makeTemplate(env: Env): Promise<Template> {
	let world = new World();
	const crypto = quickCrypto(env.crypto, () => world);
	const setWorld = (next: World) => {
		world = next;
	};
	const quick = { ...env, crypto };
	const parts = await world.until(build(quick, world), long, "the tenant");
	return { ...parts, env: quick, setWorld };
}

async function build(env: Env, world: World): Promise<Omit<Template, "env" | "setWorld">> {
	const machines = new Map<string, Machine>();
	const newStores = (crypto: Crypto, name: string) => {
		const machine = new Machine(name, world, new Rolls(1), new Disk());
		machines.set(name, machine);
		return diskStores(machine.boot(), crypto);
	};
	const [creator = "", ...others] = names;
	const fixture = await TenantFixture.create({ env, newStores, creator, start: worldStart, maintainKeys: false });
	for (const name of others) await fixture.member(name);
	const stranger = await fixture.stranger("dave");
	const servers: TemplateServer[] = [];
	for (const name of serverNames) servers.push(await makeServer(name, fixture));
	for (const replica of fixture.replicas) {
		if (replica !== fixture.creator && replica !== stranger) await replica.level(fixture.creator, []);
	}
	await fixture.close();
	const member = (replica: TestReplica): TemplateMember => ({
		name: replica.name,
		user: replica.user as UnlockedUser,
		publicUser: new TenantFactory(replica.env).toPublicUserId(replica.userId as NonNullable<typeof replica.userId>),
		keys: replica.keyBag.toBytes(),
		disk: (machines.get(replica.name) as Machine).disk,
	});
	const members = fixture.replicas.filter((replica) => replica !== stranger).map(member);
	return { identity: fixture.identity, members, stranger: member(stranger), servers };
}

async function makeServer(name: string, fixture: TenantFixture): Promise<TemplateServer> {
	const { creator, administrator } = fixture;
	const { crypto } = creator.env;
	const signingKey = await crypto.importSigningKey((await crypto.generateSigningKeyPair()).privateKey);
	const wrapping = await crypto.generateWrappingKeyPair();
	const description = { signingKey: toHex(signingKey.publicKey), encryptionKey: wrapping.publicKey, addresses: [] };
	const directory = await creator.directory();
	await directory.addServer(description, administrator);
	const { keys } = await decodeTenantRequest(crypto, await directory.askServer(description, administrator));
	return { name, signingKey, unwrappingKey: await crypto.importUnwrappingKey(wrapping.privateKey), keys };
}
