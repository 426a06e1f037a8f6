/** Members, administrators and servers as the directory names them. */
import type { TrustView } from "./author-right.js";
import type { DirectoryNode } from "./directory-graph.js";
import type { GrantAccess } from "./forms.js";
import type { Statement } from "./statements.js";

/** An act of an administrator: for display; times are the author's clock in milliseconds. */
export interface Act {
	/** The directory entry. */
	readonly hash: string;
	/** Signing key of the administrator, hex. */
	readonly by: string;
	readonly at: number;
}

export interface EndOfAccess extends Act {
	readonly requestDataWipe: boolean;
}

export interface Member {
	readonly username: string;
	/** Hex. */
	readonly signingKey: string;
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
	readonly granted: Act;
	/** The revocation that ends the grant. */
	readonly revoked: EndOfAccess | undefined;
}

export interface Administrator {
	readonly signingKey: string;
	readonly role: "root" | "recovery" | "administrator";
	/** Name in the grant; root and recovery keys have none. */
	readonly username: string | undefined;
	readonly granted: Act | undefined;
	readonly revoked: EndOfAccess | undefined;
}

export interface SyncServer {
	/** The directory entry. */
	readonly hash: string;
	readonly signingKey: string;
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
	readonly addresses: readonly string[];
}

/** One row a signing key, made of its newest grant. */
export function membersOf({ graph, statements }: TrustView): readonly Member[] {
	const grants = new Map<string, Statement<GrantAccess>[]>();
	for (const statement of statements.of("grantaccess")) {
		const { signingKey } = statement.form;
		const known = grants.get(signingKey);
		if (known === undefined) grants.set(signingKey, [statement]);
		else known.push(statement);
	}
	const members: Member[] = [];
	for (const [signingKey, found] of grants) {
		const [node] =
			found.length === 1 ? found.map((each) => each.node) : statements.newest(found.map((each) => each.node));
		const { form } = found.find((each) => each.node === node) as Statement<GrantAccess>;
		const standing = statements.members.standing(
			signingKey,
			found.map((each) => each.node.index),
		);
		const by = standing.kind === "revoked" ? standing.by[0]?.index : undefined;
		members.push({
			username: form.username,
			signingKey,
			encryptionKey: form.encryptionKey,
			granted: actOf(node as DirectoryNode),
			revoked: by === undefined ? undefined : endOf(graph.at(by)),
		});
	}
	return members.sort((a, b) => compare(a.username, b.username) || compare(a.signingKey, b.signingKey));
}

export function administratorsOf(view: TrustView): readonly Administrator[] {
	const { graph, statements } = view;
	const { administrationKey, recoveryKey } = graph.keys;
	const names = new Map<string, { username: string; nodes: DirectoryNode[] }>();
	for (const { node, form } of statements.of("admingrant")) {
		const known = names.get(form.signingKey);
		if (known === undefined) names.set(form.signingKey, { username: form.username, nodes: [node] });
		else known.nodes.push(node);
	}
	const endOfRight = (key: string): EndOfAccess | undefined => {
		const grants = [...statements.administrators.grantsOf(key)];
		const standing = statements.administrators.standing(key, grants, key === administrationKey);
		const by = standing.kind === "revoked" ? standing.by[0]?.index : undefined;
		return by === undefined ? undefined : endOf(graph.at(by));
	};
	const root: Administrator = {
		signingKey: administrationKey,
		role: "root",
		username: undefined,
		granted: undefined,
		revoked: endOfRight(administrationKey),
	};
	const granted = [...names].flatMap(([signingKey, { nodes }]): Administrator[] => {
		if (signingKey === administrationKey) return [];
		const [node] = statements.newest(nodes);
		if (node === undefined) return [];
		const { contents } = node.record;
		const username =
			contents.kind === "form" && contents.form.form === "admingrant" ? contents.form.username : undefined;
		return [{ signingKey, role: "administrator", username, granted: actOf(node), revoked: endOfRight(signingKey) }];
	});
	granted.sort((a, b) => compare(a.signingKey, b.signingKey));
	const recovery: Administrator[] =
		recoveryKey === undefined
			? []
			: [{ signingKey: recoveryKey, role: "recovery", username: undefined, granted: undefined, revoked: undefined }];
	return [root, ...recovery, ...granted];
}

/** Servers whose signing key no `revokeaccess` names, sorted by entry. */
export function serversOf({ graph, statements }: TrustView): readonly SyncServer[] {
	const revocations = statements.of("revokeaccess");
	return statements
		.of("server")
		.filter(
			({ node, form }) =>
				!revocations.some(
					(each) => each.form.signingKey === form.signingKey && !graph.order.isInPast(each.node.index, [node.index]),
				),
		)
		.map(({ node, form }) => ({
			hash: node.record.hash,
			signingKey: form.signingKey,
			encryptionKey: form.encryptionKey,
			addresses: form.addresses,
		}))
		.sort((a, b) => compare(a.hash, b.hash));
}

/** Those with a name, in whatever normalization it is given. */
export function membersNamed(members: readonly Member[], username: string): Member[] {
	const name = username.normalize("NFC");
	return members.filter((member) => member.username === name);
}

function actOf({ record }: DirectoryNode): Act {
	return { hash: record.hash, by: record.signer, at: record.createdAt };
}

function endOf(node: DirectoryNode): EndOfAccess {
	const { contents } = node.record;
	const wipe = contents.kind === "form" && "requestDataWipe" in contents.form && contents.form.requestDataWipe;
	return { ...actOf(node), requestDataWipe: wipe };
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
