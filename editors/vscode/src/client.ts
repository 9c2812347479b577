/** A language client that leaves it to the extension to say why its server did not start. */

import { setImmediate } from "node:timers/promises";
import { ColorThemeKind, type Hover, MarkdownString, type OutputChannel, window } from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type ServerOptions,
} from "vscode-languageclient/node";

export class Client extends LanguageClient {
  private starting = true;
  private ended = false;
  private readonly usual = this.createDefaultErrorHandler();

  constructor(server: ServerOptions, output: OutputChannel) {
    const options: LanguageClientOptions = {
      documentSelector: [
        { scheme: "file", language: "taxon" },
        { scheme: "untitled", language: "taxon" },
      ],
      outputChannel: output,
      initializationOptions: { equations: "latex" },
      middleware: {
        provideHover: async (document, position, token, next) =>
          pictured(await next(document, position, token)),
      },
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (...found) => this.usual.error(...found),
        closed: () => this.closed(),
      },
    };
    super("taxon", "taxon", server, options);
  }

  override async start(): Promise<void> {
    try {
      await super.start();
    } catch (error) {
      throw this.ended ? new Error("it ended before it answered") : error;
    }
    this.starting = false;
  }

  /** What has not started cannot be asked to stop: only its process is ended. */
  override async stop(timeout?: number): Promise<void> {
    try {
      await super.stop(timeout);
    } catch (error) {
      if (!this.starting) {
        throw error;
      }
    }
  }

  override error(message: string, data?: unknown, show: boolean | "force" = true): void {
    super.error(message, data, this.starting ? false : show);
  }

  /** A server that ends before it has answered would end again. */
  private async closed(): Promise<CloseHandlerResult> {
    if (!this.starting) {
      return this.usual.closed();
    }
    this.ended = true;
    await setImmediate(); // until `start` has failed: the client forgets whom to tell of it when this returns
    return { action: CloseAction.DoNotRestart, handled: true };
  }
}

/** The hover with its equations drawn in the colour that the theme's text has, more or less. */
async function pictured(hover: Hover | null | undefined): Promise<Hover | null | undefined> {
  if (!hover?.contents.some((each) => each instanceof MarkdownString && each.value.includes("```math"))) {
    return hover;
  }
  const { illustrated } = await import("./equations.js"); // a megabyte, which only a formula needs
  const { Light, HighContrastLight } = ColorThemeKind;
  const colour = [Light, HighContrastLight].includes(window.activeColorTheme.kind) ? "#24292e" : "#d4d4d4";
  const contents = hover.contents.map((each) =>
    each instanceof MarkdownString ? new MarkdownString(illustrated(each.value, colour)) : each,
  );
  return { ...hover, contents };
}
