import {
	KeyBag,
	type Level,
	type MindooTenant,
	memoryStores,
	nodeCrypto,
	nodeEnv,
	TenantFactory,
	type TenantIdentity,
} from "mindoodb";

/** A replica in memory that passes on what it cannot read: of all keys it holds the key `directory` alone. */
export interface Relay {
	readonly tenant: MindooTenant;
	/** Every row of every store: keys and values. */
	rows(): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]>;
	close(): Promise<void>;
}

/** @param directoryKey 32 bytes. */
export async function openRelay(identity: TenantIdentity, directoryKey: Uint8Array): Promise<Relay> {
	const levels: Level[] = [];
	const wrapLevel = (level: Level) => {
		levels.push(level);
		return level;
	};
	const env = await nodeEnv({ stores: memoryStores(nodeCrypto(), { wrapLevel }) });
	const keyBag = new KeyBag(env);
	keyBag.set("directory", directoryKey, env.clock.now());
	const tenant = await new TenantFactory(env).openTenant({ identity, keyBag });
	return {
		tenant,
		rows: async function* () {
			for (const level of levels) {
				const iterator = level.iterator({ gte: new Uint8Array(0), lt: new Uint8Array(64).fill(255) });
				try {
					for (let rows = await iterator.nextv(1000); rows.length > 0; rows = await iterator.nextv(1000)) yield* rows;
				} finally {
					await iterator.close();
				}
			}
		},
		close: () => tenant.close(),
	};
}
