"""pi_q.update under KL control: what ascends the objective, a file for each way."""
