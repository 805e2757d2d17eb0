/// What the tests of accessibility ask of a page, beside what every test of looks asks (WCAG 2.2, levels A and AA).
extension PageScripts {
    /// Colours as they are seen: layers over one another, and the contrast of two of them (§1.4.3).
    private static let colours = """
        const parse = text => {
            const parts = (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
            return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
        };
        const over = (top, ground) => top.rgb.map((value, index) => value * top.alpha + ground[index] * (1 - top.alpha));
        const luminance = rgb => {
            const [r, g, b] = rgb.map(value => value / 255).map(value =>
                value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const groundOf = element => {
            const layers = [];
            for (let part = element; part; part = part.parentElement) {
                const layer = parse(getComputedStyle(part).backgroundColor);
                if (layer.alpha > 0) layers.push(layer);
                if (layer.alpha === 1) break;
            }
            return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
        };
        const contrast = (colour, ground) => {
            const a = luminance(over(parse(colour), ground)), b = luminance(ground);
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        };
        """

    /// Icons of controls, edges of fields and marks of states with less than 3 to their ground (§1.4.11).
    static let paleGraphics = """
        \(colours)
        const out = new Set();
        const isSeen = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
        for (const icon of document.querySelectorAll("button:not(:disabled) svg.icon, a svg.icon")) {
            if (!isSeen(icon)) continue;
            const ratio = contrast(getComputedStyle(icon).stroke, groundOf(icon));
            if (ratio < 3) out.add(`icon of ${icon.closest("button, a").className}: ${ratio.toFixed(2)}`);
        }
        for (const field of document.querySelectorAll("input.field, select.field, input[type=text], input[type=search]")) {
            const style = getComputedStyle(field);
            if (!isSeen(field) || style.borderTopStyle === "none" || field.disabled) continue;
            const ratio = contrast(style.borderTopColor, groundOf(field.parentElement));
            if (ratio < 3) out.add(`edge of ${field.className}: ${ratio.toFixed(2)}`);
        }
        for (const shape of document.querySelectorAll(".state-shape, .health-dot, .arrival-mark")) {
            if (!isSeen(shape)) continue;
            const style = getComputedStyle(shape);
            const ground = groundOf(shape.parentElement);
            const ratio = Math.max(contrast(style.borderTopColor, ground), contrast(style.backgroundColor, ground));
            if (ratio < 3) out.add(`${shape.className}: ${ratio.toFixed(2)}`);
        }
        return [...out];
        """

    /// Parts that take the keyboard or that a screen reader names, without a name; names that do not have the words that
    /// are seen, by which who speaks to the page calls them (§2.5.3, §4.1.2).
    static let misnamed = """
        const out = new Set();
        const roles = ["tab", "option", "separator", "meter", "dialog", "group", "treeitem", "tree", "tablist", "tabpanel", "region", "table"];
        const parts = ["summary", "dialog[open]", "nav", "table[aria-label]", "[tabindex='0']", "iframe", ...roles.map(role => `[role=${role}]`)];
        const spoken = element => (element.innerText || "").replace(/\\s+/g, " ").trim();
        for (const element of document.querySelectorAll(parts.join(", "))) {
            if (!element.checkVisibility({ visibilityProperty: true })) continue;
            const named = element.getAttribute("aria-label") || element.title
                || (element.getAttribute("aria-labelledby") || "").split(/\\s+/).map(id => document.getElementById(id)?.textContent || "").join("").trim()
                || (element.matches("summary, button, a, [role=tab], [role=option], [role=treeitem]") ? spoken(element) : "")
                || (element.matches("fieldset, input, select") ? [...(element.labels || [])].map(label => label.textContent).join("") : "");
            if (!named) out.add(`no name: ${element.tagName} ${element.className} ${element.getAttribute("role") || ""}`);
        }
        for (const control of document.querySelectorAll("button[aria-label], a[aria-label]")) {
            if (!control.checkVisibility()) continue;
            const seen = spoken(control).toLowerCase();
            // Signs beside words, as an arrow or a count's unit, are not spoken.
            if (/[a-z]{2}/.test(seen) && !control.getAttribute("aria-label").toLowerCase().includes(seen))
                out.add(`called ${control.getAttribute("aria-label")}, seen as ${seen}`);
        }
        return [...out];
        """

    /// A page without its one first heading, with one that skips a rank, without its main part, language or title
    /// (§1.3.1, §2.4.2, §2.4.6, §3.1.1).
    static let disordered = """
        const out = [];
        const open = document.querySelector("dialog[open]");
        const headings = [...(open || document).querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(e => e.checkVisibility());
        if (!open && headings.filter(heading => heading.localName === "h1").length !== 1)
            out.push(`first headings: ${headings.filter(heading => heading.localName === "h1").length}`);
        let rank = open ? 1 : 0;
        for (const heading of headings) {
            const own = Number(heading.localName[1]);
            if (own > rank + 1) out.push(`h${rank} is followed by h${own}: ${heading.textContent.slice(0, 40)}`);
            if (heading.textContent.trim() === "") out.push(`an empty ${heading.localName}`);
            rank = own;
        }
        if (document.querySelectorAll("main").length !== 1) out.push("there is not one main part");
        if (!document.documentElement.lang) out.push("no language");
        if (!document.title.trim()) out.push("no title");
        return out;
        """

    /// Where the keyboard is after a press of the tab key: `{"end": …, "problem": …}`.
    ///
    /// What has the keyboard is seen, is marked so that it can be told (§2.4.7, §1.4.11), is not hidden behind
    /// something (§2.4.11), and comes after what had it before (§2.4.3).
    static let stop = """
        \(colours)
        const element = document.activeElement;
        const before = window.stopBefore;
        if (!element || element === document.body || element === window.firstStop) {
            window.stopBefore = window.firstStop = undefined;
            return { end: true };
        }
        window.firstStop ??= element;
        window.stopBefore = element;
        const name = `${element.tagName} ${element.className} ${(element.getAttribute("aria-label") || element.textContent).trim().slice(0, 30)}`;
        const style = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        const problems = [];
        if (box.width < 1 || box.height < 1 || !element.checkVisibility({ visibilityProperty: true })) problems.push("cannot be seen");
        if (box.bottom < 1 || box.right < 1 || box.top > innerHeight - 1 || box.left > innerWidth - 1) problems.push("is out of the window");
        const isOutlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5;
        // Some draw a line of their own instead.
        const line = getComputedStyle(element, "::after");
        const isLined = line.content !== "none" && parseFloat(line.width) >= 2
            && contrast(line.backgroundColor, groundOf(element.parentElement)) >= 3;
        if (!isOutlined && !isLined) problems.push("has no mark");
        else if (!isOutlined) {}
        else {
            const inside = parseFloat(style.outlineOffset) < 0;
            const ratio = contrast(style.outlineColor, groundOf(inside ? element : element.parentElement));
            if (ratio < 3) problems.push(`has a mark of ${ratio.toFixed(2)}`);
        }
        if (before && before.isConnected && !(before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING))
            problems.push("comes before what had the keyboard");
        const x = Math.min(innerWidth - 1, Math.max(0, box.left + box.width / 2));
        const covers = [0.1, 0.3, 0.5, 0.7, 0.9].map(share => {
            const y = Math.min(innerHeight - 1, Math.max(0, box.top + box.height * share));
            const top = document.elementFromPoint(x, y);
            const isOwn = !top || element.contains(top) || top.contains(element) || element.closest("label")?.contains(top);
            return isOwn ? null : `${top.tagName} ${top.className}`;
        });
        if (covers.every(Boolean)) problems.push(`is behind ${covers[0]}`);
        return { end: false, problem: problems.length === 0 ? null : `${name}: ${problems.join(", ")}` };
        """
}
