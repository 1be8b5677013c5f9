using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_BOOT_SERVICES (UEFI 2.10 §4.4): every entry in its place, those in use with their signature.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiBootServices
{
    /// <summary>Header.</summary>
    public EfiTableHeader Header;

    private readonly void* _raiseTpl;
    private readonly void* _restoreTpl;

    /// <summary>Allocates whole pages: type, memory type, pages, address in and out.</summary>
    public delegate* unmanaged<EfiAllocateType, EfiMemoryType, nuint, ulong*, EfiStatus> AllocatePages;

    /// <summary>Frees whole pages, also a part of an allocation.</summary>
    public delegate* unmanaged<ulong, nuint, EfiStatus> FreePages;

    /// <summary>The memory map: size in and out, buffer, key, descriptor size, descriptor version.</summary>
    public delegate* unmanaged<nuint*, void*, nuint*, nuint*, uint*, EfiStatus> GetMemoryMap;

    private readonly void* _allocatePool;

    /// <summary>Frees what the firmware or a protocol has allocated.</summary>
    public delegate* unmanaged<void*, EfiStatus> FreePool;

    /// <summary>Creates an event: type, task priority, notification, context, event.</summary>
    public delegate* unmanaged<uint, nuint, void*, void*, void**, EfiStatus> CreateEvent;

    private readonly void* _setTimer;
    private readonly void* _waitForEvent;
    private readonly void* _signalEvent;
    private readonly void* _closeEvent;
    private readonly void* _checkEvent;

    /// <summary>Installs a protocol on a handle: handle in and out, GUID, interface type (0), interface.</summary>
    public delegate* unmanaged<void**, EfiGuid*, uint, void*, EfiStatus> InstallProtocolInterface;

    private readonly void* _reinstallProtocolInterface;
    private readonly void* _uninstallProtocolInterface;

    /// <summary>The protocol of a handle.</summary>
    public delegate* unmanaged<void*, EfiGuid*, void**, EfiStatus> HandleProtocol;

    private readonly void* _reserved;
    private readonly void* _registerProtocolNotify;
    private readonly void* _locateHandle;
    private readonly void* _locateDevicePath;

    /// <summary>Adds, replaces or (with null) removes a configuration table: GUID, table.</summary>
    public delegate* unmanaged<EfiGuid*, void*, EfiStatus> InstallConfigurationTable;

    /// <summary>Loads an image: boot policy, parent's handle, device path, buffer, its size, handle.</summary>
    public delegate* unmanaged<byte, void*, void*, void*, nuint, void**, EfiStatus> LoadImage;

    /// <summary>Starts a loaded image: handle, size of exit data, exit data.</summary>
    public delegate* unmanaged<void*, nuint*, char**, EfiStatus> StartImage;

    private readonly void* _exit;
    private readonly void* _unloadImage;
    private readonly void* _exitBootServices;
    private readonly void* _getNextMonotonicCount;

    /// <summary>Waits: microseconds.</summary>
    public delegate* unmanaged<nuint, EfiStatus> Stall;

    private readonly void* _setWatchdogTimer;

    /// <summary>Lets drivers manage a device: its handle, drivers or null, path or null, whether what is behind it too.</summary>
    public delegate* unmanaged<void*, void**, void*, byte, EfiStatus> ConnectController;

    private readonly void* _disconnectController;
    private readonly void* _openProtocol;
    private readonly void* _closeProtocol;
    private readonly void* _openProtocolInformation;
    private readonly void* _protocolsPerHandle;

    /// <summary>All handles of a kind (0: any): kind, GUID, registration, their number, the handles, which the caller frees.</summary>
    public delegate* unmanaged<uint, EfiGuid*, void*, nuint*, void***, EfiStatus> LocateHandleBuffer;

    /// <summary>The first instance of a protocol: GUID, registration, interface.</summary>
    public delegate* unmanaged<EfiGuid*, void*, void**, EfiStatus> LocateProtocol;

    private readonly void* _installMultipleProtocolInterfaces;
    private readonly void* _uninstallMultipleProtocolInterfaces;
    private readonly void* _calculateCrc32;
    private readonly void* _copyMem;
    private readonly void* _setMem;

    /// <summary>Creates an event in a group: type, task priority, notification, context, group, event.</summary>
    public delegate* unmanaged<uint, nuint, void*, void*, EfiGuid*, void**, EfiStatus> CreateEventEx;
}
