"""The warning check: pure rules that read a warning as residents will, after the research on texts that people act on."""
