/** Starts `taxon lsp` for the .tx files that are open, and tells the way out where it does not start. */

import * as vscode from "vscode";
import { Client } from "./client";

let output: vscode.OutputChannel;
let client: Client | undefined;
let turn: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("taxon");
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("taxon.restart", () => next(restart)),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("taxon.path") ? next(restart) : undefined,
    ),
  );
  await next(start);
}

export async function deactivate(): Promise<void> {
  await next(stop);
}

/** Runs a step after the steps before it: a server that is starting cannot be stopped yet. */
function next(step: () => Promise<void>): Promise<void> {
  turn = turn.then(step);
  return turn;
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  try {
    await running?.dispose();
  } catch {
    // A server that has died, or never started, has nothing to be told.
  }
}

async function start(): Promise<void> {
  const command = commandPath();
  client = new Client({ command, args: ["lsp"] }, output);
  try {
    await client.start();
  } catch (error) {
    void tell(`\`${command} lsp\` does not start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The command of the settings, with what stands for the folder that is open. */
function commandPath(): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const written = vscode.workspace.getConfiguration("taxon").get<string>("path", "taxon").trim() || "taxon";
  return written.replaceAll("${workspaceFolder}", folder);
}

async function tell(problem: string): Promise<void> {
  const [settings, details] = ["Open Settings", "Show Output"];
  const hint = "Install the server with pip install 'taxon-rl[lsp]', or say in the setting taxon.path where it is.";
  const chosen = await vscode.window.showErrorMessage(`${problem}. ${hint}`, settings, details);
  if (chosen === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "taxon.path");
  } else if (chosen === details) {
    output.show();
  }
}
