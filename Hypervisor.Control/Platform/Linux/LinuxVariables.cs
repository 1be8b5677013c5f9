using System;
using Hypervisor.Control.Boot;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>
/// Firmware variables as files (Linux, Documentation/filesystems/efivarfs.rst): four bytes of attributes, then the data. Most files are immutable, so that nobody
/// deletes them by mistake; that flag is taken away for the one change and put back.
/// </summary>
internal static unsafe class LinuxVariables
{
    private const int MaximumData = 16 * 1024;
    private const int AttributesSize = sizeof(uint);
    private const ulong ReadOnly = 0;
    private const ulong WriteOnly = 1;
    private const ulong Create = 0x40;
    private const ulong Mode = 0x1A4; // 0644
    private const ulong GetFlags = 0x8008_6601; // FS_IOC_GETFLAGS
    private const ulong SetFlags = 0x4008_6602; // FS_IOC_SETFLAGS
    private const uint Immutable = 0x10; // FS_IMMUTABLE_FL
    private const long NoSpace = -28;
    private const long InvalidArgument = -22;

    private static Storage s_storage;

    private struct Storage
    {
        public fixed byte Path[LinuxPath.Capacity];
        public fixed byte Data[MaximumData];
    }

    private static ReadOnlySpan<byte> Folder => "/sys/firmware/efi/efivars/"u8;

    private static Span<byte> Data
    {
        get
        {
            fixed (byte* data = s_storage.Data)
            {
                return new Span<byte>(data, MaximumData);
            }
        }
    }

    /// <summary>Reads a variable.</summary>
    public static VariableOutcome Read(ReadOnlySpan<byte> name, EfiGuid vendor, Span<byte> buffer, out int length)
    {
        length = 0;
        if (!IsThere)
        {
            return VariableOutcome.Unavailable;
        }

        int size = LinuxFile.Read(Path(name, vendor), Data);
        if (size < AttributesSize)
        {
            return VariableOutcome.Missing;
        }

        if (size - AttributesSize > buffer.Length)
        {
            return VariableOutcome.TooLarge;
        }

        length = size - AttributesSize;
        Data.Slice(AttributesSize, length).CopyTo(buffer);
        return VariableOutcome.Done;
    }

    /// <summary>Writes a variable: the kernel wants all of it at once.</summary>
    public static VariableOutcome Write(ReadOnlySpan<byte> name, EfiGuid vendor, EfiVariableAttributes attributes, ReadOnlySpan<byte> data)
    {
        if (!IsThere)
        {
            return VariableOutcome.Unavailable;
        }

        if (data.Length > MaximumData - AttributesSize)
        {
            return VariableOutcome.TooLarge;
        }

        byte* path = Path(name, vendor);
        bool wasImmutable = SetImmutable(path, false);
        int file = (int)SystemCall.Open(path, WriteOnly | Create, Mode);
        if (file < 0)
        {
            return VariableOutcome.Refused;
        }

        LittleEndian.Write32(Data, 0, (uint)attributes);
        data.CopyTo(Data.Slice(AttributesSize));
        long written;
        fixed (byte* bytes = s_storage.Data)
        {
            written = SystemCall.Write(file, bytes, (ulong)(AttributesSize + data.Length));
        }

        SystemCall.Close(file);
        if (wasImmutable)
        {
            SetImmutable(path, true);
        }

        return written switch
        {
            > 0 => VariableOutcome.Done,
            NoSpace => VariableOutcome.TooLarge,
            InvalidArgument => VariableOutcome.Refused,
            _ => VariableOutcome.Refused,
        };
    }

    /// <summary>Deletes a variable.</summary>
    public static VariableOutcome Delete(ReadOnlySpan<byte> name, EfiGuid vendor)
    {
        if (!IsThere)
        {
            return VariableOutcome.Unavailable;
        }

        byte* path = Path(name, vendor);
        SetImmutable(path, false);
        return SystemCall.Unlink(path) switch
        {
            0 => VariableOutcome.Done,
            SystemCall.NoEntry => VariableOutcome.Missing,
            _ => VariableOutcome.Refused,
        };
    }

    /// <summary>Whether there is a file system with variables: the kernel shows some on every machine with UEFI.</summary>
    private static bool IsThere
    {
        get
        {
            byte* status = stackalloc byte[LinuxPartition.StatusSize];
            return SystemCall.Stat(Path("BootOrder"u8, EfiGuid.GlobalVariable), status) == 0
                || SystemCall.Stat(Path("BootCurrent"u8, EfiGuid.GlobalVariable), status) == 0
                || SystemCall.Stat(Path("ConOut"u8, EfiGuid.GlobalVariable), status) == 0;
        }
    }

    private static byte* Path(ReadOnlySpan<byte> name, EfiGuid vendor)
    {
        Span<byte> guid = stackalloc byte[GuidText.Length];
        GuidText.Write(vendor, guid, lower: true);
        fixed (byte* bytes = s_storage.Path)
        {
            LinuxPath path = new(new Span<byte>(bytes, LinuxPath.Capacity));
            path.Append(Folder);
            path.Append(name);
            path.Append("-"u8);
            path.Append(guid);
            return path.Pointer;
        }
    }

    /// <summary>Sets or takes the flag that forbids changes.</summary>
    /// <returns>Whether it was set before.</returns>
    private static bool SetImmutable(byte* path, bool immutable)
    {
        int file = (int)SystemCall.Open(path, ReadOnly, 0);
        if (file < 0)
        {
            return false;
        }

        ulong flags = 0;
        bool was = SystemCall.Control(file, GetFlags, &flags) == 0 && (flags & Immutable) != 0;
        if (was != immutable)
        {
            flags ^= Immutable;
            SystemCall.Control(file, SetFlags, &flags);
        }

        SystemCall.Close(file);
        return was;
    }
}
