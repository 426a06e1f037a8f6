import fc from "fast-check";

/** One thing that happens in a tenant. Numbers stand for members, replicas and documents, modulo how many there are. */
export type Command =
	| { readonly do: "create"; readonly who: number; readonly secret: boolean; readonly value: number }
	| { readonly do: "edit"; readonly who: number; readonly doc: number; readonly kind: number; readonly value: number }
	| { readonly do: "burst"; readonly who: number; readonly doc: number; readonly value: number }
	| { readonly do: "delete" | "undelete"; readonly who: number; readonly doc: number }
	/** A file of some odd size, the next bytes of one, or one less. */
	| { readonly do: "attach" | "append" | "detach"; readonly who: number; readonly doc: number; readonly value: number }
	| { readonly do: "level"; readonly who: number; readonly other: number; readonly part: number }
	/** `by`: which of the administrators does it, on a replica that may not be level. */
	| { readonly do: "revoke" | "register"; readonly who: number; readonly by: number }
	| { readonly do: "appoint" | "handOver" | "device"; readonly who: number }
	/** Takes an administrator's right, and lets some of what it wrote in the directory stand, or nothing. */
	| { readonly do: "dismiss"; readonly who: number; readonly lenient: boolean }
	| { readonly do: "pardon"; readonly doc: number; readonly run: boolean; readonly by: number }
	| { readonly do: "adminOnly"; readonly by: number }
	/** A new version of `default`, or of `directory`. */
	| { readonly do: "rotate"; readonly by: number; readonly directory: boolean }
	/** By the tenant's own key: what is erased does not come back when somebody's right to ask for it ends. */
	| { readonly do: "purge"; readonly who: number; readonly doc: number }
	| { readonly do: "settings"; readonly who: number; readonly value: number }
	| { readonly do: "clock"; readonly who: number; readonly hours: number }
	| { readonly do: "reopen"; readonly who: number }
	| { readonly do: "forge"; readonly who: number; readonly doc: number; readonly kind: number; readonly value: number };

const who = fc.nat(7);
const doc = fc.nat(5);
const value = fc.nat(99);

/** Edits and levelling are the everyday; the rest is rarer. */
export const command: fc.Arbitrary<Command> = fc.oneof(
	{ weight: 3, arbitrary: fc.record({ do: fc.constant("create" as const), who, secret: fc.boolean(), value }) },
	{ weight: 8, arbitrary: fc.record({ do: fc.constant("edit" as const), who, doc, kind: fc.nat(6), value }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("burst" as const), who, doc, value }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constantFrom("delete" as const, "undelete" as const), who, doc }) },
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constantFrom("attach" as const, "append" as const, "append" as const, "detach" as const),
			who,
			doc,
			value,
		}),
	},
	{ weight: 8, arbitrary: fc.record({ do: fc.constant("level" as const), who, other: who, part: fc.nat(3) }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constantFrom("revoke" as const, "register" as const), who, by: who }),
	},
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constantFrom("appoint" as const, "handOver" as const, "device" as const), who }),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("dismiss" as const), who, lenient: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("pardon" as const), doc, run: fc.boolean(), by: who }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("rotate" as const), by: who, directory: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("purge" as const), who, doc }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("settings" as const), who, value }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("adminOnly" as const), by: who }) },
	{
		weight: 1,
		arbitrary: fc.record({ do: fc.constant("clock" as const), who, hours: fc.integer({ min: -100, max: 100 }) }),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const), who }) },
	{ weight: 5, arbitrary: fc.record({ do: fc.constant("forge" as const), who, doc, kind: fc.nat(31), value }) },
);
