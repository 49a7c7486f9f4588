# Wrong: Python takes this file instead of the real dask.


def main():
  print("my first try with dask")


if __name__ == "__main__":
  main()
