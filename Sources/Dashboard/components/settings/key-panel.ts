// Keys, or shares: the list, the form behind a button, and what was made, shown this once.
import { Key, Made, keys } from "../../api/keys";
import { hub } from "../../api/hub-state";
import { h, show } from "../dom";
import { KeyForm } from "./key-form";
import { KeyList } from "./key-list";
import { PanelState } from "./panel-state";
import { Poll } from "./poll";
import { SecretBox } from "./secret-box";
import { SecretForm } from "./secret-form";
import { ShareForm, sharePartsOf } from "./share-form";

const everyMs = 15_000;

abstract class SecretPanel extends HTMLElement {
  private readonly state = new PanelState();
  private readonly list = new KeyList(this.kind);
  protected readonly secret = new SecretBox();
  private readonly opener = h("button", { type: "button", class: "plain-button make", "aria-expanded": "false", onclick: () => this.open(this.form.hidden) });
  private poll: Poll<Key[]> | null = null;

  protected constructor(private readonly kind: "key" | "share", private readonly form: SecretForm, private readonly action: string, private readonly what: string) {
    super();
    form.addEventListener("made", (event) => {
      this.open(false);
      this.reveal((event as CustomEvent).detail);
      this.poll?.now();
    });
  }

  /** Shows what was made. */
  protected abstract reveal(detail: unknown): void;

  connectedCallback(): void {
    if (!hub.may("admin")) {
      this.state.forbidden(this.what);
      this.replaceChildren(this.state.element);
      return;
    }
    if (this.childElementCount === 0) {
      this.form.hidden = true;
      this.opener.textContent = this.action;
      this.list.addEventListener("revoked", () => this.poll?.now());
      this.append(this.opener, this.form, this.secret, this.state.old, this.state.element, this.list);
    }
    this.state.loading(2);
    show(this.list, false);
    this.poll = new Poll(this, everyMs, keys, {
      got: (list) => {
        this.state.done();
        show(this.list, true);
        this.list.show(list);
      },
      troubled: (trouble) => this.state.troubled(trouble, () => this.poll?.now()),
    });
  }

  disconnectedCallback(): void {
    this.poll?.close();
  }

  private open(opened: boolean): void {
    show(this.form, opened);
    this.opener.setAttribute("aria-expanded", String(opened));
    this.opener.textContent = opened ? "Cancel" : this.action;
    if (opened) this.form.focusFirst();
  }

  protected focusOpener(): void {
    this.opener.focus();
  }
}

class KeyPanel extends SecretPanel {
  constructor() {
    super("key", new KeyForm(), "New key", "Seeing and making keys");
  }

  protected reveal(detail: unknown): void {
    const { key, secret } = detail as Made;
    this.secret.reveal(`The key \u201c${key.name}\u201d`, "It is shown this once: the hub keeps a digest of it alone. Copy it to where it is used.",
      [{ label: "Key", lines: secret }], () => this.focusOpener());
  }
}

class SharePanel extends SecretPanel {
  constructor() {
    super("share", new ShareForm(), "New link", "Seeing and making shares");
  }

  protected reveal(detail: unknown): void {
    const { made, group } = detail as { made: Made; group: string };
    this.secret.reveal(`The link to ${group}`, "It is shown this once. Whoever has it reads these logs until it ends, and can do nothing else.",
      sharePartsOf(group, made.secret), () => this.focusOpener());
  }
}

customElements.define("key-panel", KeyPanel);
customElements.define("share-panel", SharePanel);
