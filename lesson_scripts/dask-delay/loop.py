# Challenge 1: make this loop parallel with dask.delayed. It takes 8 s as it is.
from time import sleep


def inc(x):
  sleep(1)
  return x + 1


def main():
  data = [1, 2, 3, 4, 5, 6, 7, 8]

  results = []
  for x in data:
    y = inc(x)
    results.append(y)

  total = sum(results)
  print("total is " + str(total))


if __name__ == "__main__":
  main()
