using System;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>The firmware as the loader uses it. Everything here ends at ExitBootServices.</summary>
public readonly unsafe struct Firmware(void* imageHandle, EfiSystemTable* systemTable)
{
    private const int ChunkLength = 64;
    private const nuint TaskPriorityNotify = 16;
    private const uint SignalExitBootServices = 0x201;
    private const uint SignalVirtualAddressChange = 0x6000_0202;

    private struct Chunk
    {
        public fixed char Characters[ChunkLength];
    }

    /// <summary>Boot services.</summary>
    public EfiBootServices* Services => systemTable->BootServices;

    /// <summary>Runtime services.</summary>
    public EfiRuntimeServices* Runtime => systemTable->RuntimeServices;

    /// <summary>Console input; null where there is none.</summary>
    public EfiSimpleTextInput* Input => systemTable->ConIn;

    /// <summary>Lets drivers manage all devices, consoles among them (UEFI 2.10 §7.3.12).</summary>
    public void ConnectAll()
    {
        nuint count;
        void** handles;
        if (Services->LocateHandleBuffer(0, null, null, &count, &handles) != EfiStatus.Success)
        {
            return;
        }

        for (nuint i = 0; i < count; i++)
        {
            Services->ConnectController(handles[i], null, null, 1);
        }

        Services->FreePool(handles);
    }

    /// <summary>Prints ASCII text; a line feed becomes what the console wants.</summary>
    public void Print(ReadOnlySpan<byte> text)
    {
        Chunk chunk;
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                chunk.Characters[length++] = '\r';
            }

            chunk.Characters[length++] = (char)text[i];
            if (length >= ChunkLength - 2 || i == text.Length - 1)
            {
                chunk.Characters[length] = '\0';
                systemTable->ConOut->OutputString(systemTable->ConOut, chunk.Characters);
                length = 0;
            }
        }
    }

    /// <summary>A protocol of a handle; null where the handle does not have it.</summary>
    public void* Protocol(void* handle, EfiGuid guid)
    {
        void* result = null;
        return handle != null && Services->HandleProtocol(handle, &guid, &result) == EfiStatus.Success ? result : null;
    }

    /// <summary>How this image was loaded.</summary>
    public EfiLoadedImage* LoadedImage => (EfiLoadedImage*)Protocol(imageHandle, EfiGuid.LoadedImage);

    /// <summary>Whether anyone has installed a protocol.</summary>
    public bool IsInstalled(EfiGuid guid)
    {
        void* result = null;
        return Services->LocateProtocol(&guid, null, &result) == EfiStatus.Success;
    }

    /// <summary>The first instance of a protocol; null where nobody has installed it.</summary>
    public void* FirstOf(EfiGuid guid)
    {
        void* result = null;
        return Services->LocateProtocol(&guid, null, &result) == EfiStatus.Success ? result : null;
    }

    /// <summary>Installs a protocol without functions on this image's handle, for others to find.</summary>
    public EfiStatus Install(EfiGuid guid)
    {
        void* handle = imageHandle;
        return Services->InstallProtocolInterface(&handle, &guid, 0, null);
    }

    /// <summary>Calls <paramref name="notify"/> when boot services end.</summary>
    public EfiStatus OnExitBootServices(delegate*<void*, void*, void> notify)
    {
        void* created;
        return Services->CreateEvent(SignalExitBootServices, TaskPriorityNotify, (void*)notify, null, &created);
    }

    /// <summary>Calls <paramref name="notify"/> when an operating system sets the virtual addresses of runtime services.</summary>
    public EfiStatus OnVirtualAddressChange(delegate*<void*, void*, void> notify)
    {
        void* created;
        return Services->CreateEvent(SignalVirtualAddressChange, TaskPriorityNotify, (void*)notify, null, &created);
    }

    /// <summary>The ACPI root pointer: the newer one where there are two; null where there is none.</summary>
    public byte* AcpiRootPointer
    {
        get
        {
            byte* pointer = ConfigurationTable(EfiGuid.Acpi20Table);
            return pointer != null ? pointer : ConfigurationTable(EfiGuid.Acpi10Table);
        }
    }

    /// <summary>A configuration table (UEFI 2.10 §4.6); null where there is none of that name.</summary>
    public byte* ConfigurationTable(EfiGuid guid)
    {
        for (nuint i = 0; i < systemTable->NumberOfTableEntries; i++)
        {
            EfiConfigurationTable* table = systemTable->ConfigurationTable + i;
            if (table->VendorGuid.Matches(guid))
            {
                return (byte*)table->VendorTable;
            }
        }

        return null;
    }
}
