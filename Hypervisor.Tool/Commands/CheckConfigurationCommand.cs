using System;
using System.CommandLine;
using System.IO;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Registration;
using Hypervisor.Tool.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Hypervisor.Tool.Commands;

/// <summary>hv check-config: says of a configuration what the hypervisor would say of it, with the same parser.</summary>
public static class CheckConfigurationCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Argument<FileInfo> file = new("file") { Description = "The configuration: what is to be hv.cfg" };
        Command command = new("check-config", "Check a configuration as the hypervisor would") { file };
        command.SetAction(arguments =>
        {
            FileInfo checkedFile = arguments.GetRequiredValue(file);
            if (!checkedFile.Exists)
            {
                throw new HvException($"The configuration {checkedFile.FullName} does not exist.");
            }

            string? problem = Check(checkedFile.Name, File.ReadAllBytes(checkedFile.FullName));
            Console.WriteLine(problem ?? $"{checkedFile.Name}: accepted");
            return problem is null ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    /// <summary>What is wrong with a configuration; null where nothing is.</summary>
    public static string? Check(string name, byte[] text)
    {
        if (text.Length > ConfigurationParser.MaximumSize)
        {
            return $"{name}: the configuration has more than {ConfigurationParser.MaximumSize} bytes";
        }

        HostOptions options = ConfigurationParser.Defaults;
        new ServiceCollection().AddMediators().Compose();
        MediatorSelection mediators = default;
        ConfigurationError error = ConfigurationParser.Parse(text, ref options, ref mediators);
        return error.IsError
            ? $"{name}, line {error.Line}, {Encoding.UTF8.GetString(error.Key)}: {Encoding.UTF8.GetString(error.Problem)}; "
                + $"accepted: {Encoding.UTF8.GetString(error.Accepted)}"
            : null;
    }
}
