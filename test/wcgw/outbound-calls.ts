import ts from 'typescript';

/** Modules of Node that reach out of the process. What comes in is nobody's call. */
const OUTBOUND = /^(?:node:)?(?:https?|http2|net|tls|dns|dns\/promises|dgram|child_process|cluster)$/;
/** Names of theirs that reach nothing outside, or only let somebody in. */
const HARMLESS_NAMES = new Set(['createServer', 'createSecureServer', 'isIP', 'BlockList']);
const GLOBALS = new Set(['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest']);
/** Packages that call nobody, or only whom they are handed. Any other package counts as one that does. */
const QUIET = new Set([
  '@modelcontextprotocol/node',
  '@modelcontextprotocol/server',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  '@nestjs/terminus',
  '@nestjs/throttler',
  '@vscode/ripgrep',
  '@willsoto/nestjs-prometheus',
  'class-transformer',
  'class-validator',
  'diff',
  'ipaddr.js',
  'lru-cache',
  'nestjs-pino',
  'pino',
  'prom-client',
  'reflect-metadata',
  'rxjs',
  'yaml',
  'zod',
]);

/** Of packages that are quiet otherwise. */
const LOUD_NAMES: Readonly<Record<string, ReadonlySet<string>>> = { jose: new Set(['createRemoteJWKSet']) };

function reachesOut(specifier: string): boolean {
  if (OUTBOUND.test(specifier)) return true;
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('@app/')) return false;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return !QUIET.has(name) && !Object.hasOwn(LOUD_NAMES, name);
}

/** Where a file reaches out of the process, each place by what stands there: `spawn`, `net.connect`, `new Redis`, `import('pg')`. */
export function outboundCalls(source: string): string[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const names = namesOf(file);
  const found: string[] = [];
  walk(file, (node) => {
    if (ts.isExportDeclaration(node) && !node.isTypeOnly && node.moduleSpecifier !== undefined) {
      const specifier = textOf(node.moduleSpecifier);
      if (reachesOut(specifier)) found.push(`export from '${specifier}'`);
    }
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return;
    const loaded = loadedBy(node);
    if (loaded !== undefined && reachesOut(loaded)) found.push(`import('${loaded}')`);
    const callee = calleeOf(node.expression, names);
    if (callee !== undefined) found.push(ts.isNewExpression(node) ? `new ${callee}` : callee);
    // Handed on instead of called, such as `promisify(exec)`: whoever gets it calls it.
    for (const argument of node.arguments ?? []) {
      const handed = calleeOf(argument, names);
      if (handed !== undefined) found.push(`${handed} handed on`);
    }
  });
  return found;
}

interface Names {
  /** Local names of what calls out, with the names they were imported by. */
  readonly calling: ReadonlyMap<string, string>;
  /** Local names of whole modules. */
  readonly modules: ReadonlySet<string>;
}

function namesOf(file: ts.SourceFile): Names {
  const calling = new Map<string, string>();
  const modules = new Set<string>();
  walk(file, (node) => {
    if (ts.isImportDeclaration(node) && isLoud(node)) {
      const clause = node.importClause;
      if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return;
      if (clause.name !== undefined) {
        modules.add(clause.name.text);
        calling.set(clause.name.text, clause.name.text);
      }
      const bindings = clause.namedBindings;
      if (bindings === undefined) return;
      if (ts.isNamespaceImport(bindings)) modules.add(bindings.name.text);
      else
        for (const { isTypeOnly, name, propertyName = name } of bindings.elements)
          if (!isTypeOnly && !HARMLESS_NAMES.has(propertyName.text)) calling.set(name.text, propertyName.text);
    } else if (ts.isVariableDeclaration(node) && node.initializer !== undefined && loadsOutbound(node.initializer))
      for (const name of boundBy(node.name)) {
        calling.set(name, name);
        modules.add(name);
      }
  });
  return { calling, modules };
}

/** Whether what it imports can reach out. */
function isLoud({ moduleSpecifier, importClause }: ts.ImportDeclaration): boolean {
  const specifier = textOf(moduleSpecifier);
  const loud = LOUD_NAMES[specifier];
  if (loud === undefined) return reachesOut(specifier);
  const bindings = importClause?.namedBindings;
  // Of a whole module every name can be called.
  if (bindings === undefined || ts.isNamespaceImport(bindings)) return true;
  return bindings.elements.some(({ name, propertyName = name }) => loud.has(propertyName.text));
}

function calleeOf(callee: ts.Expression, { calling, modules }: Names): string | undefined {
  if (ts.isIdentifier(callee)) return calling.get(callee.text) ?? (GLOBALS.has(callee.text) ? callee.text : undefined);
  if (!ts.isPropertyAccessExpression(callee) || !ts.isIdentifier(callee.expression)) return undefined;
  const [owner, name] = [callee.expression.text, callee.name.text];
  if (owner === 'globalThis' && GLOBALS.has(name)) return name;
  return modules.has(owner) && !HARMLESS_NAMES.has(name) ? `${owner}.${name}` : undefined;
}

/** What `import()` or `require()` loads. */
function loadedBy(node: ts.CallExpression | ts.NewExpression): string | undefined {
  const isLoading =
    node.expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(node.expression) && node.expression.text === 'require');
  const [what] = node.arguments ?? [];
  if (!isLoading || what === undefined) return undefined;
  // What is only known when it runs could be anything.
  return ts.isStringLiteralLike(what) ? what.text : what.getText();
}

function loadsOutbound(initializer: ts.Expression): boolean {
  let loads = false;
  walk(initializer, (node) => {
    const loaded = ts.isCallExpression(node) ? loadedBy(node) : undefined;
    if (loaded !== undefined && reachesOut(loaded)) loads = true;
  });
  return loads;
}

const boundBy = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundBy(element.name)));

const textOf = (specifier: ts.Expression): string => (specifier as ts.StringLiteral).text;

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
