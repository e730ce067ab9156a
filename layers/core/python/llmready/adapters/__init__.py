"""Where the service meets AWS. botocore's errors become domain errors here and nowhere else."""
