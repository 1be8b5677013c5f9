using System;
using Hypervisor.Control.Boot;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>
/// Where the image to install is, on Linux: a file below a mounted FAT volume, or a path on a volume that is named by its device, by the device that the machine
/// was started from, or not at all.
/// </summary>
internal static unsafe class LinuxImagePath
{
    /// <summary>Finds its device path.</summary>
    public static ExitStatus Find(Span<byte> path, out int length)
    {
        length = 0;
        bool isBootDevice = Arguments.TryTakeFlag("--boot-device"u8);
        bool isFileOnly = Arguments.TryTakeFlag("--file-only"u8);
        bool hasDevice = Arguments.TryTakeOption("--device"u8, out ReadOnlySpan<byte> device);
        bool hasPath = Arguments.TryTakeOption("--path"u8, out ReadOnlySpan<byte> file);
        if (!hasPath && Arguments.TryTake(out ReadOnlySpan<byte> mounted))
        {
            return FindMounted(mounted, path, ref length);
        }

        file = hasPath ? file : ImagePlace.Default;
        if (isBootDevice)
        {
            return Finish(BootDevice.Append(path, ref length), file, path, ref length);
        }

        if (isFileOnly)
        {
            return Finish(ExitStatus.Success, file, path, ref length);
        }

        (uint major, uint minor) = hasDevice ? LinuxPartition.DeviceOf(device) : default;
        if (hasDevice ? major == 0 : !TryFindSystemPartition(out major, out minor))
        {
            return hasDevice
                ? Complaint<LinuxPlatform>.Say("there is no device "u8, device)
                : Complaint<LinuxPlatform>.Say("no EFI system partition is mounted at /boot/efi, /efi or /boot; name the file, or the partition with --device"u8);
        }

        return Finish(LinuxPartition.Append(major, minor, path, ref length), file, path, ref length);
    }

    private static ExitStatus FindMounted(ReadOnlySpan<byte> file, Span<byte> path, ref int length)
    {
        byte* status = stackalloc byte[LinuxPartition.StatusSize];
        Span<byte> storage = stackalloc byte[LinuxPath.Capacity];
        LinuxPath name = new(storage);
        name.Append(file);
        if (name.Pointer == null || SystemCall.Stat(name.Pointer, status) != 0)
        {
            return Complaint<LinuxPlatform>.Say("there is no file "u8, file);
        }

        if (!MountTable.TryFind(file, out uint major, out uint minor, out ReadOnlySpan<byte> rest))
        {
            return Complaint<LinuxPlatform>.Say("the file must be named by its absolute path, on a mounted FAT volume: "u8, file);
        }

        return Finish(LinuxPartition.Append(major, minor, path, ref length), rest, path, ref length);
    }

    private static bool TryFindSystemPartition(out uint major, out uint minor) =>
        MountTable.TryFind("/boot/efi"u8, out major, out minor, out ReadOnlySpan<byte> rest) && rest.IsEmpty
        || MountTable.TryFind("/efi"u8, out major, out minor, out rest) && rest.IsEmpty
        || MountTable.TryFind("/boot"u8, out major, out minor, out rest) && rest.IsEmpty;

    private static ExitStatus Finish(ExitStatus status, ReadOnlySpan<byte> file, Span<byte> path, ref int length)
    {
        if (status != ExitStatus.Success)
        {
            return status;
        }

        length = DevicePath.AppendFile(path, length, file);
        if (length == 0)
        {
            return Complaint<LinuxPlatform>.Say("the path is too long: "u8, file);
        }

        length = DevicePath.AppendEnd(path, length);
        return ExitStatus.Success;
    }
}
