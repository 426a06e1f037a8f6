import type { DirectoryGraph, DirectoryNode } from "./directory-graph.js";
import { directoryId } from "./directory-record.js";
import type { Statements } from "./statements.js";
import type { TrustLevel } from "./trust-level.js";

/**
 * Entries of the directory, signed on `level`, that pardons from lower levels let count: those that are named, those in runs,
 * and what they build on (field 5, as in every database; not field 12, or a pardon would also forgive every entry that its
 * author merely knew).
 */
export function pardonedInDirectory(
	graph: DirectoryGraph,
	statements: Statements,
	level: TrustLevel,
): Set<DirectoryNode> {
	const open: DirectoryNode[] = [];
	for (const [{ level: by }, { entries, runs }] of statements.pardons(directoryId)) {
		if (by >= level) continue;
		for (const hash of entries) {
			const node = graph.get(hash);
			if (node !== undefined) open.push(node);
		}
		for (const run of runs) {
			const end = graph.get(run.to);
			if (end === undefined) continue;
			const chain = graph.chainOf(end.record.signer);
			for (const node of graph.ofSigner(end.record.signer)) {
				if (chain.membership(run, node.record.hash).kind === "inside") open.push(node);
			}
		}
	}
	const covered = new Set<DirectoryNode>();
	for (let node = open.pop(); node !== undefined; node = open.pop()) {
		if (covered.has(node)) continue;
		covered.add(node);
		for (const hash of node.record.dependencies) {
			const below = graph.get(hash);
			if (below !== undefined) open.push(below);
		}
	}
	for (const node of covered) if (node.level !== level) covered.delete(node);
	return covered;
}
