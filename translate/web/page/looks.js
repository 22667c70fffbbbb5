// The styles as cards, and the options beside them.

const byId = (id) => document.getElementById(id);

export class Looks {
  // `fetchPicture` returns a promise of the blob of a style's preview.
  constructor(fetchPicture, onChange) {
    this.fetchPicture = fetchPicture;
    this.form = byId("look");
    this.styles = [];
    this.form.addEventListener("input", () => {
      this.#show();
      onChange();
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  fill({ styles, default: chosen }) {
    this.styles = styles;
    byId("cards").replaceChildren(...styles.map((style) => this.#card(style, style.name === chosen)));
    this.#show();
  }

  get style() {
    const name = this.form.querySelector("input[name=style]:checked")?.value;
    return this.styles.find((style) => style.name === name);
  }

  // The query of a job in this look.
  get query() {
    const query = new URLSearchParams({ style: this.style.name });
    const strength = byId("strength").value / 100;
    if (strength < 1) query.set("strength", strength);
    if (byId("format").value) query.set("format", byId("format").value);
    if (this.style.domains.length) query.set("domain", byId("domain").value);
    return query.toString();
  }

  #show() {
    byId("strength-is").textContent = `${byId("strength").value} %`;
    const domains = this.style?.domains ?? [];
    const select = byId("domain");
    if (select.dataset.style !== this.style?.name) {
      select.dataset.style = this.style?.name ?? "";
      select.replaceChildren(...domains.map((name) => new Option(name, name)));
    }
    byId("domain-label").hidden = !domains.length;
  }

  #card(style, checked) {
    const card = byId("card").content.cloneNode(true);
    const input = card.querySelector("input");
    input.value = style.name;
    input.checked = checked;
    const [name, text, licence] = card.querySelectorAll("span");
    name.textContent = style.name;
    text.textContent = style.summary;
    licence.textContent = style.licence;
    const image = card.querySelector("img");
    this.fetchPicture(style.preview).then(
      (picture) => (image.src = URL.createObjectURL(picture)),
      () => image.remove(),
    );
    return card;
  }
}
