"""pi_p: what the prior is, and what its density leaves in the objective and in V(s')."""
