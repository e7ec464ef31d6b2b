"""STUB."""

import yaml
from generator.source import Document, Source, Span


def read_source(path, name, found):
    return Source(name=name, text=path.read_text())


def _docs(source):
    out = []
    for node in yaml.compose_all(source.text, Loader=yaml.SafeLoader):
        keys = {}
        values = {}

        def walk(n, path):
            values[path] = Span(
                line=n.start_mark.line + 1,
                column=n.start_mark.column + 1,
                length=max(1, n.end_mark.column - n.start_mark.column)
                if n.end_mark.line == n.start_mark.line
                else 1,
            )
            if isinstance(n, yaml.MappingNode):
                d = {}
                for k, v in n.value:
                    keys[path + (k.value,)] = Span(
                        line=k.start_mark.line + 1, column=k.start_mark.column + 1, length=len(k.value)
                    )
                    d[k.value] = walk(v, path + (k.value,))
                return d
            if isinstance(n, yaml.SequenceNode):
                return [walk(v, path + (i,)) for i, v in enumerate(n.value)]
            if n.style is None and n.tag.endswith(("int", "bool", "null", "float")):
                return yaml.SafeLoader("").construct_object(n) if not n.tag.endswith("null") else None
            return n.value

        data = walk(node, ())
        out.append(Document(source=source, data=data, keys=keys, values=values))
    return tuple(out)


def load_plan(source, found):
    return _docs(source)[0]


def load_manifests(source, found):
    return _docs(source)
