import { Command, CommanderError } from "commander";
import { Call } from "./call.js";
import { type ExitCode, exitCodeHelp, exitCodes, failureOf } from "./exit-codes.js";
import { type PasswordKind, passwordFlag } from "./passwords.js";
import type { Surroundings } from "./surroundings.js";
import { shownText } from "./text.js";

/** What a command answers with. */
export interface Answer {
	/** For `--json`; `undefined` when everything was written already. */
	readonly data: unknown;
	/** For people. */
	readonly lines: readonly string[];
	/** @default 0 */
	readonly exitCode?: ExitCode;
}

export interface CommandSpec {
	/** Name and arguments as commander reads them: "get <db> <id>". */
	readonly name: string;
	readonly summary: string;
	/** Further paragraphs of the help. */
	readonly about?: string;
	readonly options?: readonly (readonly [flags: string, description: string])[];
	/** Options that may be given several times; each adds to a list. */
	readonly lists?: readonly (readonly [flags: string, description: string])[];
	/** Passwords that it may need. */
	readonly passwords: readonly PasswordKind[];
	/** Whether it works in a folder with a tenant. @default true */
	readonly inFolder?: boolean;
	/** A command line that works, without `mindoodb`. */
	readonly example: string;
	readonly run: (call: Call, args: readonly (string | undefined)[]) => Promise<Answer>;
}

export interface GroupSpec {
	readonly name: string;
	readonly summary: string;
	readonly commands: readonly (CommandSpec | GroupSpec)[];
}

/** Carries out a command line. Never throws. @returns the exit code of the process. */
export async function carryOut(
	root: { readonly summary: string; readonly version: string; readonly specs: readonly (CommandSpec | GroupSpec)[] },
	argv: readonly string[],
	surroundings: Surroundings,
): Promise<ExitCode> {
	let exitCode: ExitCode = exitCodes.ok;
	const run = async (spec: CommandSpec, call: Call, args: readonly (string | undefined)[]) => {
		const answer = await spec.run(call, args);
		if (call.json && answer.data !== undefined) await call.write(`${JSON.stringify(answer.data)}\n`);
		else if (!call.json) for (const line of answer.lines) await call.write(`${shownText(line)}\n`);
		exitCode = answer.exitCode ?? exitCodes.ok;
	};
	const program = prepare(new Command("mindoodb"), surroundings)
		.description(root.summary)
		.version(root.version)
		.addHelpText("after", `\n${exitCodeHelp}`);
	const addAll = (parent: Command, specs: readonly (CommandSpec | GroupSpec)[]) => {
		for (const spec of specs) {
			if ("run" in spec) add(parent, spec, run, surroundings);
			else addAll(prepare(parent.command(spec.name), surroundings).description(spec.summary), spec.commands);
		}
	};
	addAll(program, root.specs);
	try {
		await program.parseAsync(argv, { from: "user" });
		return exitCode;
	} catch (error) {
		if (error instanceof CommanderError) {
			if (error.exitCode === 0) return exitCodes.ok;
			if (argv.includes("--json")) tellJson(surroundings, "usage", error.message.replace(/^error: /, ""), {});
			return exitCodes.usage;
		}
		const { exitCode: code, ...failure } = failureOf(error);
		if (argv.includes("--json")) tellJson(surroundings, failure.code, failure.message, failure.data);
		surroundings.stderr.write(`mindoodb: ${failure.message}\n`);
		return code;
	}
}

type Run = (spec: CommandSpec, call: Call, args: readonly (string | undefined)[]) => Promise<void>;

function add(parent: Command, spec: CommandSpec, run: Run, surroundings: Surroundings): void {
	const command = prepare(parent.command(spec.name), surroundings).description(
		spec.about === undefined ? spec.summary : `${spec.summary}\n\n${spec.about}`,
	);
	command.summary(spec.summary);
	for (const [flags, description] of spec.options ?? []) command.option(flags, description);
	for (const [flags, description] of spec.lists ?? []) {
		command.option(flags, description, (value: string, before: readonly string[] | undefined) => [
			...(before ?? []),
			value,
		]);
	}
	if (spec.inFolder !== false) {
		command.option("--dir <folder>", "folder of your data (or: MINDOODB_DIR; default: mindoodb-data)");
		command.option("--tenant <name>", "which tenant, by name or tenantRoot, where the folder keeps several");
	}
	for (const kind of spec.passwords) command.option(...passwordFlag(kind));
	command.option("--json", "answer with JSON");
	command.addHelpText("after", `\nExample:\n  $ mindoodb ${spec.example}\n\n${exitCodeHelp}`);
	command.action(async (...all: unknown[]) => {
		// Arguments, then options, then the command itself.
		const args = all.slice(0, -2) as (string | undefined)[];
		await run(spec, new Call(surroundings, command.opts()), args);
	});
}

function prepare(command: Command, { stdout, stderr }: Surroundings): Command {
	return command
		.exitOverride()
		.configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
		.helpCommand(false);
}

function tellJson({ stdout }: Surroundings, code: string, message: string, data: object): void {
	stdout.write(`${JSON.stringify({ error: { code, message, ...data } })}\n`);
}
