// Reads what one source file says: its imports, the words that isomorphic rooms must not use, state at module level.
// Works on TypeScript's own tokens, so comments, strings, templates and regular expressions never count as code.
import { SyntaxKind as K } from "typescript/unstable/ast";
import { createScanner } from "typescript/unstable/ast/scanner";

/**
 * @typedef {{ specifier: string, line: number, typeOnly: boolean }} Import
 * @typedef {{ word: string, line: number }} Use
 * @typedef {{ imports: Import[], unreadable: number[], uses: Use[], state: Use[], lines: number }} Source
 * @typedef {{ kind: number, text: string, value: string, line: number }} Token
 */

// After one of these a slash divides; after anything else it begins a regular expression. Words that are keywords only in
// some places (`from`, `type`, `of`) count as names.
const endsOperand = new Set([
	K.Identifier,
	K.NumericLiteral,
	K.BigIntLiteral,
	K.StringLiteral,
	K.NoSubstitutionTemplateLiteral,
	K.TemplateTail,
	K.RegularExpressionLiteral,
	K.CloseParenToken,
	K.CloseBracketToken,
	K.CloseBraceToken,
	K.ThisKeyword,
	K.SuperKeyword,
	K.TrueKeyword,
	K.FalseKeyword,
	K.NullKeyword,
	K.PlusPlusToken,
	K.MinusMinusToken,
]);

/** @param {number | undefined} kind */
const isOperandEnd = (kind) => kind !== undefined && (endsOperand.has(kind) || kind > K.LastFutureReservedWord);

/**
 * @param {string} text
 * @returns {Token[]}
 */
export function readTokens(text) {
	const scanner = createScanner(true, undefined, text);
	/** @type {Token[]} */
	const tokens = [];
	/** @type {boolean[]} for every open brace: whether it belongs to a template */
	const braces = [];
	let line = 1;
	let at = 0;
	for (let kind = scanner.scan(); kind !== K.EndOfFile; kind = scanner.scan()) {
		const before = tokens.at(-1)?.kind;
		if ((kind === K.SlashToken || kind === K.SlashEqualsToken) && !isOperandEnd(before))
			kind = scanner.reScanSlashToken();
		if (kind === K.OpenBraceToken) braces.push(false);
		else if (kind === K.TemplateHead) braces.push(true);
		else if (kind === K.CloseBraceToken) {
			if (braces.at(-1)) kind = scanner.reScanTemplateToken(false);
			if (kind !== K.TemplateMiddle) braces.pop();
		}
		for (const start = scanner.getTokenStart(); at < start; at++) if (text.charCodeAt(at) === 10) line++;
		tokens.push({ kind, text: scanner.getTokenText(), value: scanner.getTokenValue(), line });
	}
	return tokens;
}

/** @param {Token | undefined} token */
const isText = (token) => token?.kind === K.StringLiteral || token?.kind === K.NoSubstitutionTemplateLiteral;

/**
 * The module that an import or export statement names, looked for from the token after the keyword.
 * @param {readonly Token[]} tokens
 * @param {number} start
 * @returns {{ specifier: string, typeOnly: boolean } | undefined}
 */
function readStatement(tokens, start) {
	if (isText(tokens[start])) return { specifier: tokens[start].value, typeOnly: false };
	// `import type from "x"` imports a default export called type.
	const typeOnly = tokens[start]?.kind === K.TypeKeyword && tokens[start + 1]?.kind !== K.FromKeyword;
	for (let at = start; at < tokens.length; at++) {
		const { kind } = tokens[at];
		if (kind === K.FromKeyword && isText(tokens[at + 1])) return { specifier: tokens[at + 1].value, typeOnly };
		const partOfClause =
			kind === K.OpenBraceToken ||
			kind === K.CloseBraceToken ||
			kind === K.CommaToken ||
			kind === K.AsteriskToken ||
			isText(tokens[at]) ||
			/^[\p{ID_Start}$_]/u.test(tokens[at].text);
		if (!partOfClause || (kind >= K.FirstReservedWord && kind <= K.LastReservedWord && kind !== K.DefaultKeyword)) {
			return undefined;
		}
	}
	return undefined;
}

/**
 * @param {readonly Token[]} tokens
 * @param {number} at place of a word
 */
function isOwnName(tokens, at) {
	const before = tokens[at - 1]?.kind;
	const after = tokens[at + 1]?.kind;
	if (before === K.DotToken || before === K.QuestionDotToken) return true;
	// A key of an object or a type, or a method: `{ process: 1 }`, `process(): void`. The global is never called bare.
	const afterKey = after === K.ColonToken || after === K.QuestionToken;
	const startsMember =
		before === K.OpenBraceToken ||
		before === K.CommaToken ||
		before === K.SemicolonToken ||
		before === K.ReadonlyKeyword;
	return (afterKey && startsMember) || (after === K.OpenParenToken && tokens[at].text === "process");
}

/**
 * Whether the constant that begins before this place is of a read-only type: an empty one is a value, not state.
 * @param {readonly Token[]} tokens
 * @param {number} at
 */
function isReadonly(tokens, at) {
	const start = tokens.findLastIndex((token, index) => index < at && token.kind === K.ConstKeyword);
	return tokens.slice(start, at).some(({ text }) => text === "ReadonlyMap" || text === "ReadonlySet");
}

/**
 * @param {string} text TypeScript or JavaScript
 * @returns {Source}
 */
export function readSource(text) {
	const tokens = readTokens(text);
	/** @type {Source} */
	const source = {
		imports: [],
		unreadable: [],
		uses: [],
		state: [],
		lines: text.replace(/\n$/, "").split("\n").length,
	};
	let depth = 0;
	for (const [at, { kind, text: word, line }] of tokens.entries()) {
		const before = tokens[at - 1]?.kind;
		const next = tokens[at + 1];
		if (kind === K.OpenBraceToken || kind === K.OpenParenToken || kind === K.TemplateHead) depth++;
		else if (kind === K.CloseBraceToken || kind === K.CloseParenToken || kind === K.TemplateTail) depth--;

		if (before === K.DotToken || before === K.QuestionDotToken) {
			const owner = tokens[at - 2]?.text;
			if ((owner === "Date" && word === "now") || (owner === "Math" && word === "random"))
				source.uses.push({ word: `${owner}.${word}`, line });
			else if (word === "getRandomValues" || word === "randomUUID") source.uses.push({ word: `crypto.${word}`, line });
			continue;
		}
		const isCall = next?.kind === K.OpenParenToken;
		if ((kind === K.ImportKeyword || kind === K.RequireKeyword) && isCall) {
			if (isText(tokens[at + 2])) source.imports.push({ specifier: tokens[at + 2].value, line, typeOnly: false });
			else if (kind === K.ImportKeyword) source.unreadable.push(line);
		} else if ((kind === K.ImportKeyword || kind === K.ExportKeyword) && depth === 0) {
			const found = readStatement(tokens, at + 1);
			if (found !== undefined) source.imports.push({ ...found, line });
		} else if ((kind === K.LetKeyword || kind === K.VarKeyword) && depth === 0) {
			source.state.push({ word: `${word} ${next?.text ?? ""}`, line });
		} else if (
			kind === K.NewKeyword &&
			depth === 0 &&
			before !== K.EqualsGreaterThanToken &&
			/^(Weak)?(Map|Set)$/.test(next?.text ?? "")
		) {
			const open = tokens.findIndex((token, index) => index > at && token.kind === K.OpenParenToken);
			const empty = tokens[open + 1]?.kind === K.CloseParenToken;
			if (empty && !isReadonly(tokens, at)) source.state.push({ word: `new ${next?.text}()`, line });
		} else if ((word === "Buffer" || word === "process") && kind === K.Identifier && !isOwnName(tokens, at)) {
			source.uses.push({ word, line });
		}
	}
	return source;
}
