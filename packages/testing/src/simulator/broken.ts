import type { PullOptions, SyncedStore, SyncHost } from "@mindoodb/core";
import { lyingStore } from "../lying-store.js";
import { Disk } from "./disk.js";
import type { Template } from "./template.js";

/**
 * Software that is broken on purpose, through the ports that everybody's software gets: the simulator is worth as much as it finds of these.
 * `npm run simulate -- --broken NAME` looks for the first seeds that do.
 */
export const brokenTemplates: Readonly<Record<BrokenName, (template: Template) => Template>> = {
	/** Members' disks forget all that they said is durable. */
	"forgetful-disk": (template) => ({
		...template,
		members: template.members.map((member) => ({ ...member, disk: new ForgetfulDisk(member.disk.tables) })),
	}),
	/** Servers say that they have what they are going to store. */
	"acknowledged-first": (template) => withServers(template, (pull) => acknowledgeFirst(pull)),
	/** Servers remember that they read what they are going to store. */
	"position-first": (template) => withServers(template, (pull, synced) => rememberFirst(pull, synced)),
};

export type BrokenName = "forgetful-disk" | "acknowledged-first" | "position-first";

type Pull = SyncedStore["pull"];

/** Loses everything since it was copied when the power goes. */
class ForgetfulDisk extends Disk {
	readonly #before = super.copy();

	override copy(): Disk {
		return new ForgetfulDisk(super.copy().tables);
	}

	override crash(): void {
		this.restore(this.#before);
	}
}

function withServers(template: Template, change: (pull: Pull, synced: SyncedStore) => Pull): Template {
	const hostOf = (host: SyncHost): SyncHost => ({
		...host,
		open: async (dbId) =>
			(await host.open(dbId))?.map((synced) => ({
				...synced,
				pull: change((remote, options) => synced.pull(remote, options), synced),
			})),
	});
	return { ...template, servers: template.servers.map((server) => ({ ...server, hostOf })) };
}

function acknowledgeFirst(pull: Pull): Pull {
	return async (remote, options) => {
		const there = await remote.position();
		// A session sends an acknowledgement when the next one comes, or at the end.
		for (let i = 0; i < 2; i++) options.onRemembered?.(there, []);
		return pull(remote, options);
	};
}

/** Reads a store whose pages say that there is nothing up to its end, and then what is there. */
function rememberFirst(pull: Pull, { remembered, store }: SyncedStore): Pull {
	return async (remote, options) => {
		const { storeId } = await remote.identity();
		const before = await remembered(options.peer, storeId);
		const there = await remote.position();
		const { onRemembered, ...quiet }: PullOptions & { readonly peer: string } = options;
		const empty = lyingStore(remote, {
			entriesAfter: async () => ({ arrivals: [], damaged: [], next: there.arrival, digest: there.digest }),
		});
		const result = await pull(empty, quiet);
		for (let at = before?.position.arrival ?? 0; at < there.arrival; ) {
			const page = await remote.entriesAfter(at);
			await store.putEntries(page.arrivals.map(({ entry }) => entry));
			if (page.next === at) break;
			at = page.next;
		}
		onRemembered?.(there, []);
		return result;
	};
}
