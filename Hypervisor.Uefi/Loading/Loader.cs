using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;
using Hypervisor.Uefi.Entry;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>
/// Takes the machine over: checks, copies the image to memory of its own, and lets the copy build the host and start it under the running firmware. Every
/// refusal says why and leaves the firmware as it was (L2).
/// </summary>
public static unsafe class Loader
{
    private struct SectionList
    {
        public fixed byte Bytes[ResidentImage.MaximumSections * 24];
    }

    /// <summary>Memory that mediators work in until boot services end: enough for the names of 1.5 MiB of ACPI tables.</summary>
    private const ulong ScratchSize = 4 << 20;

    private static BootParameters s_parameters;
    private static SectionList s_sections;
    private static MemoryMap s_memory;
    private static uint s_vmcall;

    /// <summary>Loads the hypervisor.</summary>
    public static EfiStatus Load(Firmware firmware)
    {
        if (firmware.IsInstalled(EfiGuid.Hv))
        {
            return Refuse(firmware, "it is already running"u8, EfiStatus.AlreadyStarted);
        }

        ReadOnlySpan<byte> refusal = Virtualization.Refusal();
        if (refusal.Length != 0)
        {
            return Refuse(firmware, refusal, EfiStatus.Unsupported);
        }

        fixed (BootParameters* parameters = &s_parameters)
        {
            EfiStatus status = Configure(firmware, parameters);
            ForgetMediatorSecrets(); // noted in the parameters, from which the copy is told
            if (status == EfiStatus.Success)
            {
                status = Start(firmware, parameters);
            }

            Forget(parameters);
            return status;
        }
    }

    /// <summary>Overwrites what is secret: the guest can read what the driver keeps.</summary>
    private static void Forget(BootParameters* parameters)
    {
        parameters->Options.Key.Wipe();
        parameters->Mediators.Wipe();
        parameters->Options.Password = default;
    }

    /// <summary>The driver's mediators have checked the options, and it is the copy's that use them.</summary>
    private static void ForgetMediatorSecrets()
    {
        for (int i = 0; i < MediatorObjects.Count; i++)
        {
            MediatorObjects.Mediator(i).ForgetSecrets();
        }
    }

    /// <summary>Takes the configuration and whatever else the host is given, and asks for the password where one is wanted.</summary>
    private static EfiStatus Configure(Firmware firmware, BootParameters* parameters)
    {
        MediatorComposition.Compose();
        parameters->Options = ConfigurationParser.Defaults;
        ReadOnlySpan<byte> text = ConfigurationSource.Read(firmware, out parameters->Origin);
        if (text.Length > ConfigurationParser.MaximumSize)
        {
            ConfigurationSource.Wipe(firmware, parameters->Origin);
            return Refuse(firmware, "the configuration has more than 8 KiB"u8, EfiStatus.InvalidParameter);
        }

        ConfigurationError error = ConfigurationParser.Parse(text, ref parameters->Options, ref parameters->Mediators);
        if (error.IsError)
        {
            Explain(firmware, ConfigurationOriginName.Of(parameters->Origin), error);
        }

        bool isRefused = error.IsError; // what the error tells is part of the text
        ConfigurationSource.Wipe(firmware, parameters->Origin);
        if (isRefused)
        {
            return EfiStatus.InvalidParameter;
        }

        LaunchSeed.Make(firmware, parameters);
        if (!RecordSource.Find(firmware, parameters))
        {
            firmware.Print("hv: the records for the hypervisor are damaged and are not taken\n"u8);
        }

        EfiStatus status = CheckPassword(firmware, parameters);
        return status == EfiStatus.Success ? AskPassphrases(firmware, parameters) : status;
    }

    /// <summary>What mediators need a passphrase for, such as the key of a disk.</summary>
    private static EfiStatus AskPassphrases(Firmware firmware, BootParameters* parameters)
    {
        for (int i = 0; i < MediatorObjects.Count; i++)
        {
            Mediator mediator = MediatorObjects.Mediator(i);
            while (MediatorSelection.IsSelected(i) && mediator.WantedPassphrase.Length != 0)
            {
                if (!PasswordPrompt.Ask(firmware, mediator, ref parameters->Options, ref parameters->Mediators))
                {
                    return GiveUp(firmware, parameters, "the passphrase was not typed"u8);
                }
            }
        }

        return EfiStatus.Success;
    }

    private static EfiStatus CheckPassword(Firmware firmware, BootParameters* parameters)
    {
        parameters->PasswordAsked = parameters->Options.Password.IsSet;
        if (!parameters->PasswordAsked || PasswordPrompt.Ask(firmware, ref parameters->Options))
        {
            return EfiStatus.Success;
        }

        return GiveUp(firmware, parameters, "the password was not typed"u8);
    }

    /// <summary>Somebody is there who does not know what the owner knows: the machine is reset, or goes on without hv where the configuration says so.</summary>
    private static EfiStatus GiveUp(Firmware firmware, BootParameters* parameters, ReadOnlySpan<byte> reason)
    {
        if (!parameters->Options.GoOnWithoutPassword)
        {
            ForgetMediatorSecrets(); // memory may outlast a reset
            Forget(parameters);
            firmware.Print("hv: the machine is reset\n"u8);
            firmware.Runtime->ResetSystem(EfiResetType.Cold, EfiStatus.SecurityViolation, 0, null);
        }

        return Refuse(firmware, reason, EfiStatus.SecurityViolation);
    }

    private static EfiStatus Start(Firmware firmware, BootParameters* parameters)
    {
        parameters->AcpiRootPointer = (ulong)firmware.AcpiRootPointer;
        int processors = ProcessorDiscovery.Read(firmware.AcpiRootPointer, parameters);
        if (processors > BootParameters.MaximumProcessors)
        {
            return Refuse(firmware, "this machine has more than 256 processors"u8, EfiStatus.Unsupported);
        }

        EfiLoadedImage* image = firmware.LoadedImage;
        fixed (MemoryMap* memory = &s_memory)
        {
            HostMemory.Describe(firmware.Services, memory);
            parameters->Memory = memory; // the image's own, so it stays where it is
        }

        parameters->LowPage = HostMemory.FindLowPage(firmware.Services); // also for waking, which not every machine can do
        if (processors > 1 && parameters->LowPage == 0)
        {
            return Refuse(firmware, "no ordinary memory is left below 1 MiB to start processors from"u8, EfiStatus.OutOfResources);
        }

        ulong imageSize = PageSizes.RoundUp(image->ImageSize, PageSizes.Size4K);
        ulong size = Virtualization.RegionSize(imageSize, (uint)processors);
        ulong region = HostMemory.Reserve(firmware.Services, size, ProcessorBlock.Size);
        if (region == 0)
        {
            return Refuse(firmware, "not enough memory is free below 4 GiB"u8, EfiStatus.OutOfResources);
        }

        parameters->Scratch = HostMemory.Borrow(firmware.Services, ScratchSize);
        parameters->ScratchSize = parameters->Scratch == 0 ? 0 : ScratchSize;
        EfiStatus status = StartCopy(firmware, parameters, image, region, size, imageSize);
        if (status != EfiStatus.Success)
        {
            HostMemory.Release(firmware.Services, parameters->Scratch, parameters->ScratchSize);
            SecretBytes.Wipe(new Span<byte>((void*)region, (int)size)); // the key is somewhere in it
            HostMemory.Release(firmware.Services, region, size);
        }

        return status;
    }

    private static EfiStatus StartCopy(Firmware firmware, BootParameters* parameters, EfiLoadedImage* image, ulong region, ulong size, ulong imageSize)
    {
        byte* copy = (byte*)region;
        if (!ResidentImage.Copy((byte*)image->ImageBase, copy, image->ImageSize))
        {
            return Refuse(firmware, "the image's relocations are damaged"u8, EfiStatus.LoadError);
        }

        parameters->RegionBase = region;
        parameters->RegionSize = size;
        parameters->ImageSize = imageSize;
        parameters->DriverBase = (ulong)image->ImageBase;
        parameters->DriverSize = image->ImageSize;
        parameters->Symbols = ResidentImage.FindSection(copy, ".hvsyms\0"u8, out parameters->SymbolsSize);
        fixed (byte* sections = s_sections.Bytes)
        {
            parameters->Sections = (ImageSection*)sections;
            parameters->SectionCount = ResidentImage.Sections(copy, parameters->Sections);
        }

        s_vmcall = Virtualization.Extension == VirtualizationExtension.Vmx ? 1u : 0; // the guest will not see it any more

        // From here on it is the copy that runs: the same function, at its place there.
        ulong entry = (ulong)(delegate*<BootParameters*, uint>)&HostEntry.Launch;
        if (Instructions.CallResident(entry - (ulong)image->ImageBase + region, parameters) == 0)
        {
            return Refuse(firmware, new ReadOnlySpan<byte>(parameters->Problem, parameters->ProblemLength), EfiStatus.LoadError);
        }

        Instructions.Hypercall(HypercallProtocol.Signature, (ulong)HypercallFunction.Attach, s_vmcall);

        // As a guest: a driver that was refused must leave nothing behind that the firmware would call.
        if (firmware.OnExitBootServices(&OnExitBootServices) != EfiStatus.Success
            || firmware.OnVirtualAddressChange(&OnVirtualAddressChange) != EfiStatus.Success
            || firmware.Install(EfiGuid.Hv) != EfiStatus.Success)
        {
            firmware.Print("hv: the firmware refuses an event or a protocol: the log will not know when the operating system starts\n"u8);
        }

        firmware.Print("hv: this machine now runs on hv\n"u8);
        return EfiStatus.Success;
    }

    /// <summary>Runs in the guest, in the loaded driver: tells the host that the firmware's console and boot services are gone (L5).</summary>
    private static void OnExitBootServices(void* theEvent, void* context) =>
        Instructions.Hypercall(HypercallProtocol.Signature, (ulong)HypercallFunction.ExitBootServices, s_vmcall);

    /// <summary>Runs in the guest, in the loaded driver, while its addresses are still physical: tells the host that an operating system has taken over.</summary>
    private static void OnVirtualAddressChange(void* theEvent, void* context) =>
        Instructions.Hypercall(HypercallProtocol.Signature, (ulong)HypercallFunction.VirtualAddressChange, s_vmcall);

    private static EfiStatus Refuse(Firmware firmware, ReadOnlySpan<byte> reason, EfiStatus status)
    {
        firmware.Print("hv: not started: "u8);
        firmware.Print(reason);
        firmware.Print("\n"u8);
        return status;
    }

    private static void Explain(Firmware firmware, ReadOnlySpan<byte> source, ConfigurationError error)
    {
        firmware.Print("hv: not started: "u8);
        firmware.Print(source);
        firmware.Print(", line "u8);
        PrintNumber(firmware, (uint)error.Line);
        firmware.Print(", "u8);
        firmware.Print(error.Key);
        firmware.Print(": "u8);
        firmware.Print(error.Problem);
        firmware.Print("; accepted: "u8);
        firmware.Print(error.Accepted);
        firmware.Print("\n"u8);
    }

    private static void PrintNumber(Firmware firmware, uint number)
    {
        if (number >= 10)
        {
            PrintNumber(firmware, number / 10);
        }

        byte digit = (byte)('0' + (number % 10));
        firmware.Print(new ReadOnlySpan<byte>(&digit, 1));
    }
}
