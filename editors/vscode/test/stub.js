"use strict";
// As much of the module `vscode` as the extension and vscode-languageclient touch. What is not written out here is a
// class that does nothing, so that they can extend it, or call it and dispose of what they get.

const Module = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

class Event {
  listeners = new Set();
  event = (listener, self) => {
    const bound = self === undefined ? listener : listener.bind(self);
    this.listeners.add(bound);
    return { dispose: () => this.listeners.delete(bound) };
  };
  fire(value) {
    for (const listener of [...this.listeners]) listener(value);
  }
  dispose() {
    this.listeners.clear();
  }
}

class Disposable {
  constructor(dispose) {
    this.dispose = dispose ?? (() => {});
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(line, character, lastLine, end) {
    this.start = new Position(line, character);
    this.end = new Position(lastLine, end);
  }
}

class Diagnostic {
  constructor(range, message, severity) {
    Object.assign(this, { range, message, severity });
  }
}

class Kind {
  append() {
    return this;
  }
}

class CancellationTokenSource {
  token = { isCancellationRequested: false, onCancellationRequested: new Event().event };
  cancel() {}
  dispose() {}
}

const uri = (file) => ({
  scheme: "file",
  fsPath: file,
  path: file,
  with: () => uri(file),
  toString: () => pathToFileURL(file).href,
});

const open = (members) =>
  new Proxy(members, {
    get: (known, name) => {
      if (!(name in known) && typeof name === "string") {
        known[name] = name.startsWith("on") ? new Event().event : class extends Disposable {};
        if (/^[a-z]/.test(name) && !name.startsWith("on")) known[name] = () => new Disposable();
      }
      return known[name];
    },
  });

/** A fresh `vscode` with a folder and a document in it, and what was done to it. */
function stub(folder, settings, text) {
  const file = path.join(folder, "typing.tx");
  const changed = new Event();
  const seen = { commands: new Map(), diagnostics: new Event(), errors: [], executed: [], changed };
  const document = {
    uri: uri(file),
    fileName: file,
    languageId: "taxon",
    version: 1,
    isClosed: false,
    isDirty: false,
    getText: () => text,
  };
  const vscode = open({
    version: "1.82.0",
    Disposable,
    EventEmitter: Event,
    Position,
    Range,
    Diagnostic,
    CancellationTokenSource,
    CancellationError: class extends Error {},
    DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
    ColorThemeKind: { Light: 1, Dark: 2, HighContrast: 3, HighContrastLight: 4 },
    CodeActionKind: { Empty: new Kind() },
    Uri: { file: uri, parse: (text) => uri(decodeURIComponent(new URL(text).pathname)) },
    env: open({ appName: "stub", language: "en", machineId: "stub" }),
    extensions: open({ all: [], getExtension: () => undefined }),
    commands: open({
      registerCommand: (name, run) => {
        seen.commands.set(name, run);
        return new Disposable();
      },
      executeCommand: async (...command) => void seen.executed.push(command),
    }),
    languages: open({
      createDiagnosticCollection: () =>
        open({
          set: (_, found) => seen.diagnostics.fire(found),
          clear() {},
          delete() {},
          dispose() {},
        }),
      match: (selector, opened) => Number(selector.some((one) => one.language === opened.languageId)),
    }),
    window: open({
      createOutputChannel: () => open({ append() {}, appendLine() {}, show() {}, dispose() {} }),
      showErrorMessage: async (message) => {
        seen.errors.push(message);
        return settings.answer;
      },
      activeTextEditor: { document },
      visibleTextEditors: [{ document }],
      tabGroups: open({ all: [] }),
    }),
    workspace: open({
      workspaceFolders: [{ uri: uri(folder), name: "stub", index: 0 }],
      textDocuments: [document],
      notebookDocuments: [],
      onDidChangeConfiguration: changed.event,
      getConfiguration: () => ({ get: (name, otherwise) => settings[name] ?? otherwise }),
      getWorkspaceFolder: () => ({ uri: uri(folder), name: "stub", index: 0 }),
      createFileSystemWatcher: () => open({ dispose() {} }),
    }),
  });
  return { vscode, seen };
}

/** The bundled extension, beside a stub. */
function load(vscode) {
  const bundle = path.join(__dirname, "..", "dist", "extension.js");
  delete require.cache[bundle];
  const before = Module._load;
  Module._load = (name, ...rest) => (name === "vscode" ? vscode : before(name, ...rest));
  try {
    return require(bundle);
  } finally {
    Module._load = before;
  }
}

module.exports = { load, stub };
