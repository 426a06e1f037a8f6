import type { Lie } from "./lying-host.js";
import type { Rolls } from "./rolls.js";

/** One thing that happens in a world. Numbers stand for members, machines, links and documents, modulo how many there are. */
export type Action =
	| { readonly do: "create"; readonly who: number }
	| { readonly do: "edit" | "delete" | "attach"; readonly who: number; readonly doc: number }
	/** By the administrator: a new version of a key. */
	| { readonly do: "rotate"; readonly directory: boolean }
	| { readonly do: "grant" }
	| { readonly do: "revoke"; readonly who: number }
	| { readonly do: "purge"; readonly doc: number }
	/** `again`: connections are made anew at once, beside the old ones. `silent`: an end may not notice for hours. */
	| { readonly do: "cut"; readonly link: number; readonly again: boolean; readonly silent: boolean }
	| { readonly do: "heal"; readonly link: number }
	/** One connection more where there is one. */
	| { readonly do: "connect"; readonly link: number }
	/** At a write from now on; at once when `writes` is 0. */
	| { readonly do: "crash"; readonly machine: number; readonly writes: number }
	| { readonly do: "full" | "room"; readonly machine: number }
	| { readonly do: "clock"; readonly machine: number; readonly hours: number }
	/** By a member who bypasses the software. */
	| { readonly do: "forge"; readonly who: number; readonly kind: number; readonly entry: number }
	| { readonly do: "lie"; readonly server: number; readonly lie: Lie }
	| { readonly do: "honest"; readonly server: number }
	| { readonly do: "backup" | "restore"; readonly server: number };

/** An action, and how long nothing else is begun behind it. */
export type Step = Action & { readonly pause: number };

/** Who is in a world, and who connects to whom. */
export interface Layout {
	/** The first ones of the template, Alice first. */
	readonly members: number;
	readonly servers: number;
	/** By name: who connects by itself to whom. */
	readonly links: readonly (readonly [from: string, to: string])[];
	/** Longest time that bytes are under way, milliseconds. */
	readonly slowest: number;
	/** Longest time that a write takes on the disk of a member, and of a server, milliseconds. */
	readonly slowestWrite: readonly [members: number, servers: number];
}

export function drawLayout(rolls: Rolls, memberNames: readonly string[], serverNames: readonly string[]): Layout {
	const members = rolls.between(2, rolls.once(3) ? 4 : 3);
	const servers = rolls.pick([0, 1, 1, 1, 2]);
	const links: [string, string][] = [];
	for (let i = 0; i < members; i++) {
		const name = memberNames[i] as string;
		if (servers > 0) links.push([name, serverNames[rolls.below(servers)] as string]);
		else if (i > 0) links.push([name, memberNames[rolls.below(i)] as string]);
		if (servers > 0 && i > 0 && rolls.once(5)) links.push([name, memberNames[rolls.below(i)] as string]);
	}
	if (servers === 2) links.push([serverNames[1] as string, serverNames[0] as string]);
	const slowest = rolls.pick([2, 20, 40, 300]);
	const slowestWrite = [rolls.pick([3, 3, 3, 200]), rolls.pick([3, 3, 200, 1000])] as const;
	return { members, servers, links, slowest, slowestWrite };
}

const everyday: readonly ((rolls: Rolls) => Action)[] = [
	(rolls) => ({ do: "create", who: rolls.below(12) }),
	(rolls) => ({ do: "edit", who: rolls.below(12), doc: rolls.below(6) }),
	(rolls) => ({ do: "edit", who: rolls.below(12), doc: rolls.below(6) }),
	(rolls) => ({ do: "edit", who: rolls.below(12), doc: rolls.below(6) }),
	(rolls) => ({ do: "attach", who: rolls.below(12), doc: rolls.below(6) }),
	(rolls) => ({ do: "cut", link: rolls.below(12), again: rolls.once(2), silent: rolls.once(2) }),
	(rolls) => ({ do: "heal", link: rolls.below(12) }),
	(rolls) => ({ do: "crash", machine: rolls.below(12), writes: rolls.once(3) ? 0 : rolls.below(12) }),
];

const rare: readonly ((rolls: Rolls) => Action)[] = [
	(rolls) => ({ do: "delete", who: rolls.below(12), doc: rolls.below(6) }),
	(rolls) => ({ do: "rotate", directory: rolls.once(3) }),
	() => ({ do: "grant" }),
	(rolls) => ({ do: "revoke", who: rolls.below(12) }),
	(rolls) => ({ do: "purge", doc: rolls.below(6) }),
	(rolls) => ({ do: "connect", link: rolls.below(12) }),
	(rolls) => ({ do: "full", machine: rolls.below(12) }),
	(rolls) => ({ do: "room", machine: rolls.below(12) }),
	(rolls) => ({ do: "clock", machine: rolls.below(12), hours: rolls.pick([-50_000, -30, -1, 1, 30, 50_000]) }),
	(rolls) => ({ do: "forge", who: rolls.below(12), kind: rolls.below(12), entry: rolls.below(64) }),
	(rolls) => ({ do: "lie", server: rolls.below(4), lie: rolls.pick(["withhold", "replay", "damage"]) }),
	(rolls) => ({ do: "honest", server: rolls.below(4) }),
	(rolls) => ({ do: "backup", server: rolls.below(4) }),
	(rolls) => ({ do: "restore", server: rolls.below(4) }),
];

/** What happens in a world. The first steps give it something to work on. */
export function drawSteps(rolls: Rolls, count: number, { servers }: Pick<Layout, "servers">): Step[] {
	const steps: Step[] = [{ do: "create", who: 0, pause: 100 }];
	const drawn = new Set<Action["do"]>(["create"]);
	while (steps.length < count) {
		const action = rolls.pick(rolls.once(3) ? rare : everyday)(rolls);
		if (!hasEffect(action, drawn, servers)) continue;
		drawn.add(action.do);
		steps.push({ ...action, pause: rolls.pick([0, 1, 5, 30, 200, 2000]) });
	}
	return steps;
}

/** What has to happen before an action can do anything. */
const needed: Partial<Record<Action["do"], Action["do"]>> = {
	heal: "cut",
	room: "full",
	honest: "lie",
	restore: "backup",
};

function hasEffect(action: Action, drawn: ReadonlySet<Action["do"]>, servers: number): boolean {
	if ("server" in action && servers === 0) return false;
	const before = needed[action.do];
	return before === undefined || drawn.has(before);
}
