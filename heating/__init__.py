"""Clean-heating rates, boiler verdicts, heat demand, and the one assessment that all faces share."""
