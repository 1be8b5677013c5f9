using System;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>Files.</summary>
internal static unsafe class LinuxFile
{
    private const ulong ReadOnly = 0;

    /// <summary>Reads a file from its beginning.</summary>
    /// <param name="path">Zero-terminated path.</param>
    /// <param name="buffer">Where the contents go.</param>
    /// <returns>Its length, or -1 when it cannot be read or does not fit.</returns>
    public static int Read(byte* path, Span<byte> buffer)
    {
        int file = path == null ? -1 : (int)SystemCall.Open(path, ReadOnly, 0);
        if (file < 0)
        {
            return -1;
        }

        int length = 0;
        fixed (byte* bytes = buffer)
        {
            long count = 1;
            while (count > 0 && length < buffer.Length)
            {
                count = SystemCall.Read(file, bytes + length, (ulong)(buffer.Length - length));
                length += (int)Math.Max((int)count, 0);
            }

            byte further;
            length = count < 0 || (length == buffer.Length && SystemCall.Read(file, &further, 1) != 0) ? -1 : length;
        }

        SystemCall.Close(file);
        return length;
    }

    /// <summary>Reads a piece of a file or device.</summary>
    /// <returns>Whether all of it was there.</returns>
    public static bool ReadAt(byte* path, ulong offset, Span<byte> buffer)
    {
        int file = path == null ? -1 : (int)SystemCall.Open(path, ReadOnly, 0);
        if (file < 0)
        {
            return false;
        }

        long count;
        fixed (byte* bytes = buffer)
        {
            count = SystemCall.ReadAt(file, bytes, (ulong)buffer.Length, offset);
        }

        SystemCall.Close(file);
        return count == buffer.Length;
    }
}
