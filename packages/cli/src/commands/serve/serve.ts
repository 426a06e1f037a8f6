import { readFile } from "node:fs/promises";
import {
	type AdmissionPolicy,
	defaultPort,
	defaultServerLimits,
	isLoopback,
	type ListenAddress,
	parseListenAddress,
	parseServerLimits,
	policyKinds,
	type ServerLimits,
	serverLogger,
	startFolderServer,
	startPostgresServer,
} from "@mindoodb/server";
import { type Certificate, transportOf, UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { countText, table } from "../../text.js";
import { serverFolderOf, serverFolderOption } from "./server-folder.js";
import { placeOptions, placeText, storeOf } from "./server-store.js";
import { untilStopped } from "./signals.js";

const levels = ["fatal", "error", "warn", "info", "debug", "silent"];

export const serve: CommandSpec = {
	name: "serve",
	summary: "run a sync server",
	about:
		"It keeps the tenants that come to it, as ciphertext, and knows who their members are; it holds no key to a document. It stops at " +
		"SIGINT or SIGTERM, when what is under way is durable, and reads its certificate again at SIGHUP. GET /healthz and /readyz " +
		"answer at the same port, /metrics too where nobody but this computer reaches it; see --metrics. Every option can also be given in the environment: MINDOODB_SERVER_DIR, MINDOODB_STORE, " +
		"MINDOODB_BLOBS, MINDOODB_NOTICES, MINDOODB_LISTEN, MINDOODB_METRICS, MINDOODB_LIMITS, MINDOODB_TLS_CERT, MINDOODB_TLS_KEY, " +
		"MINDOODB_POLICY, MINDOODB_MIRROR, MINDOODB_LOG_LEVEL. Limits and their defaults, for --limits: " +
		`${JSON.stringify(defaultServerLimits)}; times are milliseconds.`,
	options: [
		serverFolderOption,
		...placeOptions,
		["--listen <host:port>", `where to listen (default: 127.0.0.1:${defaultPort})`],
		["--metrics <host:port>", "answer /metrics there, over plain HTTP, and nowhere else"],
		["--limits <file>", "limits that are not the default ones, JSON"],
		["--tls-cert <file>", "certificate and those that lead to its authority, PEM"],
		["--tls-key <file>", "the certificate's private key, PEM"],
		["--insecure", "listen on public addresses without TLS, because something in front speaks it"],
		["--policy <policy>", "whose tenants to take: open, allow, invitation (default: invitation; see `server invite`)"],
		["--mirror <url>", "keep level with another server: ws:, wss:, tcp: or tls:"],
		["--log-level <level>", `${levels.join(", ")} (default: info), to standard error`],
	],
	lists: [
		["--allow <key>", "with --policy allow: an administration key or a tenantRoot, 64 hex digits; may be repeated"],
	],
	passwords: [],
	inFolder: false,
	example: "serve --dir server --policy open",
	async run(call) {
		const dir = serverFolderOf(call);
		const listen = parseListenAddress(setting(call, "listen", "MINDOODB_LISTEN") ?? `127.0.0.1:${defaultPort}`);
		const readCertificate = certificateOf(call);
		const certificate = await readCertificate?.();
		const metricsAt = setting(call, "metrics", "MINDOODB_METRICS");
		const metrics = metricsAt === undefined ? undefined : parseListenAddress(metricsAt, "metrics");
		refuseOpenAddress(call, listen, certificate);
		if (metrics !== undefined) refuseOpenMetrics(call, metrics);
		const limitsFile = setting(call, "limits", "MINDOODB_LIMITS");
		const limits = parseServerLimits(limitsFile === undefined ? "{}" : await call.readFile(limitsFile));
		const policy = policyOf(call);
		const mirror = setting(call, "mirror", "MINDOODB_MIRROR");
		const level = setting(call, "logLevel", "MINDOODB_LOG_LEVEL") ?? "info";
		if (!levels.includes(level)) throw new UsageError(`serve: expected a log level of ${levels.join(", ")}`);
		const logger = serverLogger({ level, destination: call.surroundings.stderr });
		const place = storeOf(call);
		const options = {
			dir,
			listen,
			policy,
			certificate,
			limits,
			metrics,
			mirror: mirror === undefined ? undefined : transportOf(mirror),
			logger,
		};
		const running = await (place === undefined
			? startFolderServer(options)
			: startPostgresServer({ ...options, ...place }));
		const { server } = running;
		const where = place === undefined ? dir : placeText(place.store);
		try {
			const tenants = await server.tenants.list();
			const facts = {
				address: server.address,
				publicKey: server.publicKey,
				dir,
				...(place !== undefined && { store: where }),
				tenants: tenants.length,
				policy: policy.kind,
				metrics: server.metricsAddress ?? null,
				limits,
			};
			if (call.json) await call.write(`${JSON.stringify(facts)}\n`);
			else {
				const rows = [
					["listens on", server.address],
					["server key", server.publicKey],
					["keeps", `${countText(tenants.length, "tenant", "tenants")} in ${where}`],
					["takes", policyWords[policy.kind]],
					...(mirror === undefined ? [] : [["mirrors", mirror]]),
					["metrics", server.metricsAddress ?? "nowhere: --metrics"],
					...limitRows(limits),
				];
				const way = `mindoodb server add ${server.address} --server-key ${server.publicKey}`;
				const lines = [
					...table(["mindoodb", "server"], rows),
					"",
					"A tenant's administrator brings it here by:",
					`  ${way}`,
				];
				for (const line of lines) await call.write(`${line}\n`);
			}
			await untilStopped(async () => {
				if (readCertificate === undefined) return;
				try {
					server.setCertificate(await readCertificate());
					logger.info("certificate read again");
				} catch {
					// The one before stays in use.
					logger.error("the certificate could not be read again");
				}
			});
		} finally {
			await running.close();
		}
		return { data: undefined, lines: [] };
	},
};

const policyWords: Record<AdmissionPolicy["kind"], string> = {
	open: "every tenant that asks",
	allow: "tenants that are on its list",
	invitation: "tenants with an invitation: server invite",
};

function setting(call: Call, option: string, variable: string): string | undefined {
	return call.option(option) ?? (call.surroundings.env[variable] || undefined);
}

function policyOf(call: Call): AdmissionPolicy {
	const kind = setting(call, "policy", "MINDOODB_POLICY") ?? "invitation";
	const allowed = (call.options.allow as readonly string[] | undefined) ?? [];
	if (allowed.some((each) => !/^[0-9a-f]{64}$/.test(each)))
		throw new UsageError("serve: expected 64 hex digits after --allow");
	if (kind === "allow") return { kind, allowed };
	if (allowed.length > 0) throw new UsageError("serve: --allow goes with --policy allow");
	if (kind === "open" || kind === "invitation") return { kind };
	throw new UsageError(`serve: expected a policy of ${policyKinds.join(", ")}`);
}

/** @returns what reads it, `undefined` without TLS. */
function certificateOf(call: Call): (() => Promise<Certificate>) | undefined {
	const [cert, key] = [setting(call, "tlsCert", "MINDOODB_TLS_CERT"), setting(call, "tlsKey", "MINDOODB_TLS_KEY")];
	if (cert === undefined && key === undefined) return undefined;
	if (cert === undefined || key === undefined) throw new UsageError("serve: expected both --tls-cert and --tls-key");
	const read = (name: string) =>
		readFile(call.path(name), "utf8").catch((cause: unknown) => {
			throw new UsageError("serve: a file of the certificate cannot be read", { code: "not-found", cause });
		});
	return async () => ({ cert: await read(cert), key: await read(key) });
}

/** Those that are not the default ones. */
function limitRows(limits: ServerLimits): string[][] {
	const changed = Object.entries(limits).filter(
		([name, value]) => JSON.stringify(value) !== JSON.stringify(defaultServerLimits[name as keyof ServerLimits]),
	);
	if (changed.length === 0) return [["limits", "the default ones"]];
	return changed.map(([name, value], i) => [i === 0 ? "limits" : "", `${name} ${JSON.stringify(value)}`]);
}

function refuseOpenMetrics(call: Call, { host }: ListenAddress): void {
	if (call.options.insecure === true || isLoopback(host)) return;
	throw new UsageError("serve: others reach the address of --metrics, which speaks plain HTTP, so it needs --insecure");
}

function refuseOpenAddress(call: Call, { host }: ListenAddress, certificate: Certificate | undefined): void {
	if (certificate !== undefined || call.options.insecure === true || isLoopback(host)) return;
	throw new UsageError(
		"serve: others reach this address, so it needs --tls-cert and --tls-key, or --insecure where a proxy in front speaks TLS",
	);
}
