"use strict";
// A real VS Code, the workbench of code-server, in a Chromium without a screen, and what a person does in it.

const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { createRequire } = require("node:module");

const INSTALLED = process.env.WORKBENCH ?? __dirname;
const need = createRequire(path.join(INSTALLED, "package.json"));
const SERVER = path.join(path.dirname(need.resolve("code-server/package.json")), "out", "node", "entry.js");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

class Workbench {
  /** Starts with the extension installed and a folder open that holds `files`, texts by name. */
  static async start(vsix, settings, files) {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "workbench-"));
    const folder = path.join(root, "specs");
    const user = path.join(root, "user", "User");
    for (const each of [folder, user]) fs.mkdirSync(each, { recursive: true });
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
    fs.writeFileSync(path.join(user, "settings.json"), JSON.stringify({ ...QUIET, ...settings }));
    const places = ["--user-data-dir", path.dirname(user), "--extensions-dir", path.join(root, "extensions")];
    const environment = { ...process.env, XDG_CONFIG_HOME: root, XDG_DATA_HOME: root };
    execFileSync(process.execPath, [SERVER, ...places, "--install-extension", vsix], { env: environment, stdio: "pipe" });
    const bound = ["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"];
    const server = spawn(process.execPath, [SERVER, ...places, ...bound], { env: environment, detached: true });
    try {
      const address = await listening(server);
      const browser = await need("playwright-core").chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-gpu"],
      });
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.setDefaultTimeout(60_000);
      await page.goto(`${address}/?folder=${folder}`);
      await page.waitForSelector(".monaco-workbench .statusbar");
      return new Workbench(root, folder, server, browser, page);
    } catch (error) {
      process.kill(-server.pid);
      throw error;
    }
  }

  constructor(root, folder, server, browser, page) {
    Object.assign(this, { root, folder, server, browser, page });
  }

  async close() {
    await this.browser.close();
    const ended = new Promise((done) => this.server.once("exit", done));
    process.kill(-this.server.pid);
    await ended;
    fs.rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  /** What the editor has saved of a file. */
  text(name) {
    return fs.readFileSync(path.join(this.folder, name), "utf8");
  }

  async open(name) {
    await this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label*="${name}"]`).dblclick();
    await this.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
    await this.page.waitForSelector(".editor-instance .view-line");
  }

  /** Runs a command by its title. */
  async run(title) {
    await this.ask("F1", `>${title}`);
  }

  /** Opens the quick input by a key, writes into it, and takes the first that it offers. */
  async ask(key, text) {
    await this.page.keyboard.press(key);
    const input = this.page.locator(".quick-input-widget input[type=text]");
    await input.waitFor();
    await input.fill(text);
    await this.page.locator(".quick-input-list .monaco-list-row.focused").first().waitFor();
    await this.page.waitForTimeout(300); // until the list is that of the whole text
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  /** Puts the cursor into the file that is open: before `offset` characters of the first `word`. */
  async cursor(name, word, offset = 1) {
    const before = this.text(name).split(word)[0].split("\n");
    await this.ask("Control+P", `:${before.length}:${before.at(-1).length + 1 + offset}`);
  }

  async save() {
    await this.page.keyboard.press("Control+S");
    await this.page.locator(".tab.active.dirty").waitFor({ state: "hidden" });
  }

  /** The texts of what the selector finds, once it finds something. */
  async shown(selector) {
    await this.page.locator(selector).first().waitFor();
    return (await this.page.locator(selector).allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "));
  }

  async picture(name) {
    const folder = process.env.PICTURES;
    if (folder) await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
}

const QUIET = {
  "security.workspace.trust.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
};

/** The address that a server says it listens on. */
function listening(server) {
  return new Promise((found, failed) => {
    let said = "";
    const read = (text) => {
      said += text;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (address) found(address[0]);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("exit", () => failed(new Error(`code-server ended: ${said}`)));
  });
}

module.exports = { Workbench };
