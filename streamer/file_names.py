"""Names of files, as text that can be written anywhere."""


def as_text(name: str) -> str:
    r"""The same name, with what is no text in it written out, such as `\udce9`.

    The name of a file on Linux is any bytes. Python keeps those that are no UTF-8 as lone surrogates, which open the file and fit into
    no event.
    """
    return name.encode(errors="backslashreplace").decode()
