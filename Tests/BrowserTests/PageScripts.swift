/// What tests ask of a page, as bodies of JavaScript functions.
enum PageScripts {
    /// Notes what must not happen, from before the page's own script runs.
    static let watch = """
        window.problems = [];
        addEventListener("securitypolicyviolation", event =>
            window.problems.push(`content security policy: ${event.violatedDirective} ${event.blockedURI}`));
        addEventListener("unhandledrejection", event => window.problems.push(`rejection: ${event.reason}`));
        addEventListener("error", event => window.problems.push(`error: ${event.message || event.target}`), true);
        """

    /// The first element of a selector that can be seen and whose text contains a text; null: there is none.
    static let find = """
        const [selector, text] = arguments;
        for (const element of document.querySelectorAll(selector))
            if (element.checkVisibility() && element.textContent.includes(text)) return element;
        return null;
        """

    /// Opens the first error of the list, to have a log with all its parts on the page.
    static let openFirstError = "document.querySelector('.log-error .log-head').click()"

    /// Elements that stick out of the page on the right, and the page itself when it can be moved sideways.
    static let overflow = """
        const out = [];
        const page = document.documentElement;
        if (page.scrollWidth > page.clientWidth) out.push(`page: ${page.scrollWidth} of ${page.clientWidth} px`);
        const isCut = element => {
            for (let parent = element.parentElement; parent; parent = parent.parentElement)
                if (getComputedStyle(parent).overflowX !== "visible") return true;
            return false;
        };
        for (const element of document.body.querySelectorAll("*"))
            if (element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1 && !isCut(element))
                out.push(`${element.tagName} ${element.className}`);
        for (const element of document.querySelectorAll(".summary-scroller, .tree, .log-scroller, .panel-head"))
            if (element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
                out.push(`${element.className}: ${element.scrollWidth} of ${element.clientWidth} px`);
        return out;
        """

    /// Texts with less contrast to their ground than WCAG 2.2 AA asks (§1.4.3: 4.5, large ones 3).
    static let lowContrast = """
        const parse = text => {
            const parts = text.match(/[\\d.]+/g).map(Number);
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
        const out = new Set();
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
            const style = getComputedStyle(element);
            const ground = groundOf(element);
            const a = luminance(over(parse(style.color), ground)), b = luminance(ground);
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(style.fontSize);
            const isLarge = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
            if (ratio < (isLarge ? 3 : 4.5)) out.add(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
        }
        return [...out];
        """

    /// Controls that a screen reader could not name.
    static let unnamed = """
        const out = [];
        for (const element of document.querySelectorAll("button, input, select, a[href], [role=treeitem], [role=img]")) {
            if (!element.checkVisibility()) continue;
            const name = element.getAttribute("aria-label") || element.title || element.textContent.trim()
                || [...(element.labels || [])].map(label => label.textContent.trim()).join("");
            if (!name) out.push(element.outerHTML.slice(0, 100));
        }
        return out;
        """

    /// What a screen reader or a finger would stumble over: names given twice, references into nothing, an order of tabs of
    /// one's own, roles without what they need, and controls smaller than 24 px (WCAG 2.2 §2.5.8; links within text are let be).
    static let stumbling = """
        const out = new Set();
        const ids = new Map();
        for (const element of document.querySelectorAll("[id]")) ids.set(element.id, (ids.get(element.id) || 0) + 1);
        for (const [id, count] of ids) if (count > 1) out.add(`${count} times #${id}`);
        for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-activedescendant", "for"])
            for (const element of document.querySelectorAll(`[${name}]`))
                for (const id of element.getAttribute(name).split(/\\s+/).filter(Boolean))
                    if (!ids.has(id) && element.checkVisibility()) out.add(`${name} of ${element.tagName} names no ${id}`);
        for (const element of document.querySelectorAll("[tabindex]"))
            if (element.tabIndex > 0) out.add(`tabindex ${element.tabIndex}: ${element.className}`);
        for (const element of document.querySelectorAll("img:not([alt])")) out.add(`no alt: ${element.outerHTML.slice(0, 80)}`);
        for (const element of document.querySelectorAll("[role=tab]"))
            if (!element.closest("[role=tablist]")) out.add(`a tab without a list: ${element.textContent}`);
        for (const element of document.querySelectorAll("[role=separator][tabindex]"))
            if (!element.hasAttribute("aria-valuenow")) out.add("a separator without its value");
        const isText = element => element.matches(".link-button, a") && getComputedStyle(element).display.startsWith("inline");
        for (const element of document.querySelectorAll("button, input:not([type=checkbox]):not([type=radio]), select, [role=button]")) {
            if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || isText(element)) continue;
            const box = element.getBoundingClientRect();
            if (box.width > 0 && (box.width < 23.5 || box.height < 23.5))
                out.add(`${element.className || element.tagName}: ${box.width.toFixed(0)} x ${box.height.toFixed(0)} px`);
        }
        return [...out];
        """
}
