"""Where bytes from outside are opened: a process of its own, with nothing to take and nowhere to go.

    keeper          in the portal's process: hands a file to a cell and waits for what it found
    warden          a small process that has the libraries loaded and the portal's secrets not; forks cells
    cell            one file, one short-lived child: limits first, then the file, then the end
    system_calls    which calls to the kernel a cell may make: memory and its own pipe, no file, no network
    messages        how they talk
    pictures, pdfs, pdf_actions, copies    what is done with the file in there

Everything but the keeper runs without Django, without the portal's settings, without its environment.
"""
