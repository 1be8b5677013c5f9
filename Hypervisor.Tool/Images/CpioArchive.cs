using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace Hypervisor.Tool.Images;

/// <summary>Writes a cpio archive in the "newc" format, the one the Linux kernel unpacks its initramfs from.</summary>
/// <remarks>
/// The format is in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. Times and inode numbers are fixed,
/// so that equal contents give equal archives.
/// </remarks>
public sealed class CpioArchive
{
    private const string Magic = "070701";
    private const string TrailerName = "TRAILER!!!";
    private const int Alignment = 4;
    private const uint DirectoryType = 0x4000;
    private const uint FileType = 0x8000;
    private const uint SymbolicLinkType = 0xA000;
    private const uint CharacterDeviceType = 0x2000;
    private const uint ExecutableMode = 0x1ED; // rwxr-xr-x
    private const uint PlainMode = 0x1A4; // rw-r--r--
    private const uint LinkMode = 0x1FF; // rwxrwxrwx
    private const uint DeviceMode = 0x180; // rw-------

    private readonly Stream _output;
    private readonly HashSet<string> _directories = [];
    private uint _inode;
    private long _position;

    /// <summary>Starts an archive on a stream, which is left open.</summary>
    public CpioArchive(Stream output)
    {
        _output = output;
    }

    /// <summary>Adds a directory and those above it, each once.</summary>
    public void AddDirectory(string path)
    {
        string name = Normalize(path);
        int slash = name.LastIndexOf('/');
        if (slash > 0)
        {
            AddDirectory(name[..slash]);
        }

        if (_directories.Add(name))
        {
            Write(name, DirectoryType | ExecutableMode, [], 0, 0);
        }
    }

    /// <summary>Adds a file, and the directories above it.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> content, bool executable)
    {
        AddParent(path);
        Write(Normalize(path), FileType | (executable ? ExecutableMode : PlainMode), content, 0, 0);
    }

    /// <summary>Adds a symbolic link, and the directories above it.</summary>
    public void AddSymbolicLink(string path, string target)
    {
        AddParent(path);
        Write(Normalize(path), SymbolicLinkType | LinkMode, Encoding.UTF8.GetBytes(target), 0, 0);
    }

    /// <summary>Adds a character device node, and the directories above it.</summary>
    public void AddCharacterDevice(string path, uint major, uint minor)
    {
        AddParent(path);
        Write(Normalize(path), CharacterDeviceType | DeviceMode, [], major, minor);
    }

    /// <summary>Ends the archive.</summary>
    public void Finish()
    {
        Write(TrailerName, 0, [], 0, 0);
        _output.Flush();
    }

    private static string Normalize(string path)
    {
        // The kernel unpacks relative to the root; a leading slash would only cost a byte.
        return path.Trim('/');
    }

    private void AddParent(string path)
    {
        string name = Normalize(path);
        int slash = name.LastIndexOf('/');
        if (slash > 0)
        {
            AddDirectory(name[..slash]);
        }
    }

    private void Write(string name, uint mode, ReadOnlySpan<byte> content, uint deviceMajor, uint deviceMinor)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name + '\0');
        StringBuilder header = new(Magic);
        // In the order of the format: inode, mode, uid, gid, links, time, size, device of the file (major, minor), device of a
        // node (major, minor), size of the name, checksum.
        ReadOnlySpan<uint> fields =
            [++_inode, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, deviceMajor, deviceMinor, (uint)nameBytes.Length, 0];
        foreach (uint field in fields)
        {
            header.Append(CultureInfo.InvariantCulture, $"{field:X8}");
        }

        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(nameBytes);
        Align();
        Write(content);
        Align();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        _position += bytes.Length;
    }

    private void Align()
    {
        while (_position % Alignment != 0)
        {
            Write([0]);
        }
    }
}
