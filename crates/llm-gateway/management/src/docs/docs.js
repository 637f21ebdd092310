// Draws openapi.json: groups, operations, what they take and give, and how to call them. Everything from the document is
// put into the page as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const at = (id) => document.getElementById(id);

/** An element with attributes and children; what is null is left out. */
const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
};

/** What a schema means, with references followed. */
const follow = (api, schema) => {
  for (let steps = 0; schema && schema.$ref && steps < 9; steps++) {
    const parts = schema.$ref.replace(/^#\//, "").split("/");
    schema = parts.reduce((part, name) => part?.[name.replace(/~1/g, "/").replace(/~0/g, "~")], api);
  }
  return schema === true || !schema ? {} : schema;
};

/** A schema's kind in words. */
const kind = (api, given) => {
  const schema = follow(api, given);
  const some = schema.anyOf || schema.oneOf;
  if (some) return [...new Set(some.map((one) => kind(api, one)))].join(" or ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.type === "array") return "list of " + kind(api, schema.items);
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return "map of " + kind(api, schema.additionalProperties);
  }
  if (schema.format === "date-time") return "time";
  return schema.type || (schema.properties ? "object" : "anything");
};

/** The object inside a schema, be it in a list, a map or a choice. */
const inside = (api, given, depth = 0) => {
  const schema = follow(api, given);
  if (depth > 4 || schema.properties) return schema;
  const parts = [schema.items, schema.additionalProperties, ...(schema.anyOf || []), ...(schema.oneOf || [])];
  for (const part of parts.filter((part) => part && typeof part === "object")) {
    const found = inside(api, part, depth + 1);
    if (found.properties) return found;
  }
  return schema;
};

const row = (api, name, schema, required, about, depth) => {
  const object = depth < 4 && inside(api, schema);
  return make("div", null,
    make("dt", null, name),
    make("dd", null, kind(api, schema)),
    required ? make("dd", { class: "need" }, "required") : null,
    about ? make("dd", null, about) : null,
    object && object.properties ? make("dd", null, members(api, object, depth + 1)) : null);
};

/** The members of an object. */
const members = (api, schema, depth = 0) => {
  const needed = new Set(schema.required || []);
  return make("dl", null, Object.entries(schema.properties).map(([name, member]) =>
    row(api, name, member, needed.has(name), member.description || follow(api, member).description, depth)));
};

/** What a body or an answer is. */
const content = (api, part) => {
  const [type, media] = Object.entries(part?.content || {})[0] || [];
  if (!type) return null;
  const object = inside(api, media.schema);
  return make("div", null,
    make("p", { class: "about" }, make("code", null, type), " " + kind(api, media.schema)),
    object.properties ? members(api, object) : null);
};

/** A value that fits a schema. */
const example = (api, given, depth = 0) => {
  const schema = follow(api, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf || schema.oneOf) return example(api, (schema.anyOf || schema.oneOf)[0], depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "array") return depth > 2 ? [] : [example(api, schema.items, depth + 1)];
  if (type === "integer" || type === "number") return 1;
  if (type === "boolean") return true;
  if (schema.format === "date-time") return "2027-01-01T00:00:00Z";
  if (type !== "object" && !schema.properties) return "…";
  const wanted = (schema.required || []).filter((name) => schema.properties?.[name]);
  return Object.fromEntries(wanted.map((name) => [name, example(api, schema.properties[name], depth + 1)]));
};

const quote = (text) => "'" + text.replace(/'/g, "'\\''") + "'";

/** The line that calls an operation. */
const curl = (api, method, path, operation, parameters) => {
  const query = parameters.filter((one) => one.in === "query" && one.required);
  const pairs = query.map((one) => one.name + "=" + encodeURIComponent(example(api, one.schema)));
  const base = location.href.replace(/\/docs\/?([?#].*)?$/, "");
  const url = base + path + (pairs.length ? "?" + pairs.join("&") : "");
  const lines = ["curl" + (method === "get" ? "" : " -X " + method.toUpperCase()) + " " + quote(url)];
  if (!operation.security || operation.security.length) lines.push('-H "Authorization: Bearer $LLM_GATEWAY_KEY"');
  const [type, media] = Object.entries(operation.requestBody?.content || {})[0] || [];
  if (type) {
    lines.push("-H " + quote("Content-Type: " + type), "-d " + quote(JSON.stringify(example(api, media.schema))));
  }
  return lines.join(" \\\n  ");
};

const call = (text) => {
  const button = make("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousSibling);
      button.textContent = "Selected";
    }
  });
  return make("div", { class: "call" }, make("pre", { tabindex: 0 }, make("code", null, text)), button);
};

/** All of an operation that its line does not say. */
const body = (api, method, path, operation, shared) => {
  const parameters = [...shared, ...(operation.parameters || [])].map((one) => follow(api, one));
  const answers = Object.entries(operation.responses || {}).map(([status, given]) => {
    const answer = follow(api, given);
    const shown = status < "300" ? content(api, answer) : null;
    return make("div", null, make("dt", { class: "status" }, status), make("dd", null, answer.description),
      shown && make("dd", null, shown));
  });
  return make("div", { class: "body" },
    operation.description ? make("p", null, operation.description) : null,
    call(curl(api, method, path, operation, parameters)),
    parameters.length ? make("h3", null, "Parameters") : null,
    parameters.length ? make("dl", null, parameters.map((one) =>
      row(api, one.name + (one.in === "query" ? "" : " (" + one.in + ")"), one.schema, one.required, one.description, 0))) : null,
    operation.requestBody ? make("h3", null, "Body") : null,
    operation.requestBody ? content(api, follow(api, operation.requestBody)) : null,
    make("h3", null, "Answers"), make("dl", null, answers));
};

/** All words of an operation that a search finds. */
const words = (api, method, path, operation) => {
  const media = Object.values(operation.requestBody?.content || {})[0];
  const fields = Object.keys(inside(api, media?.schema).properties || {});
  const names = (operation.parameters || []).map((one) => follow(api, one).name);
  return [method, path, operation.summary, ...(operation.tags || []), ...fields, ...names].join(" ").toLowerCase();
};

const draw = (api) => {
  const groups = new Map((api.tags || []).map((tag) => [tag.name, { about: tag.description, operations: [] }]));
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of METHODS.filter((method) => item[method])) {
      const operation = item[method];
      const tag = operation.tags?.[0] || "other";
      if (!groups.has(tag)) groups.set(tag, { operations: [] });
      const id = operation.operationId || method + path;
      const details = make("details", { id }, make("summary", null,
        make("span", { class: "method " + method }, method.toUpperCase()),
        make("span", { class: "path" }, path),
        make("span", { class: "about" }, operation.summary || "")));
      details.addEventListener("toggle", () => {
        if (!details.open) return;
        if (details.children.length < 2) details.append(body(api, method, path, operation, item.parameters || []));
        history.replaceState(null, "", "#" + id);
      });
      groups.get(tag).operations.push({ details, words: words(api, method, path, operation) });
    }
  }
  at("title").replaceChildren(api.info.title + " ", make("small", null, api.info.version));
  document.title = api.info.title;
  for (const [name, group] of [...groups].filter(([, group]) => group.operations.length)) {
    const shown = name.replace(/_/g, " ");
    const section = make("section", { id: "group-" + name, "aria-label": shown },
      make("h2", null, shown),
      group.about ? make("p", null, group.about) : null,
      group.operations.map((one) => one.details));
    const total = make("span", null, String(group.operations.length));
    const link = make("a", { href: "#group-" + name }, shown, total);
    Object.assign(group, { section, link, total });
    at("operations").append(section);
    at("groups").append(link);
  }
  const search = () => {
    const wanted = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { operations, section, link, total } of groups.values()) {
      if (!section) continue;
      const fits = operations.filter((one) => {
        one.details.hidden = !wanted.every((word) => one.words.includes(word));
        return !one.details.hidden;
      });
      section.hidden = link.hidden = !fits.length;
      total.textContent = fits.length;
      found += fits.length;
    }
    at("count").textContent = found + (found === 1 ? " operation" : " operations");
  };
  const open = () => {
    const details = at(decodeURIComponent(location.hash.slice(1)));
    if (details?.tagName === "DETAILS") details.open = true;
    details?.scrollIntoView();
  };
  at("search").addEventListener("input", search);
  addEventListener("hashchange", open);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      at("search").focus();
    }
  });
  search();
  open();
};

const load = async (key) => {
  const url = location.href.replace(/\/docs\/?([?#].*)?$/, "") + "/openapi.json";
  const answer = await fetch(url, key ? { headers: { authorization: "Bearer " + key } } : {});
  if (answer.status === 401 || answer.status === 403) {
    const form = at("locked").content.cloneNode(true).firstElementChild;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      start(at("key").value);
    });
    at("operations").replaceChildren(form);
    at("key").focus();
    return;
  }
  if (!answer.ok) throw new Error("openapi.json answers " + answer.status);
  at("operations").replaceChildren();
  draw(await answer.json());
};

const start = (key) => load(key).catch((error) => {
  at("operations").replaceChildren(make("p", { role: "alert" }, "The document cannot be read: " + error.message));
});

start();
