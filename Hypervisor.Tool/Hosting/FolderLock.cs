using System;
using System.IO;
using System.Threading;

namespace Hypervisor.Tool.Hosting;

/// <summary>Keeps two runs of the tool from filling the same folder at once.</summary>
public sealed class FolderLock : IDisposable
{
    private const string LockName = ".lock";
    private static readonly TimeSpan _retryInterval = TimeSpan.FromMilliseconds(200);
    private readonly FileStream _file;

    private FolderLock(FileStream file)
    {
        _file = file;
    }

    /// <summary>Creates the folder if it is not there and waits for the sole right to change it.</summary>
    public static FolderLock Take(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, LockName);
        while (true)
        {
            try
            {
                return new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (File.Exists(path))
            {
                Thread.Sleep(_retryInterval);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
    }
}
