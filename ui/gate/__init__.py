"""The parts of the page 数据: files that arrive, layers that are kept, doubts about them, and what is handed out."""
